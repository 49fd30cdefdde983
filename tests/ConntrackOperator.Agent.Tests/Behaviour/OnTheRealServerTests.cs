using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.TestKit;

[assembly: AssemblyFixture(typeof(RealCluster))]

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>The agent against Kubernetes' own code and a real etcd, with the schemas that are shipped.</summary>
public sealed class OnTheRealServerTests(RealCluster real) : AgentBehaviour
{
    [Fact]
    public async Task Server_says_that_the_agent_owns_the_status_and_the_controller_the_spec()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the report is there");
        using var http = real.Require().CreateHttpClient();
        var stored = JsonNode.Parse(await http.GetStringAsync(new Uri($"/apis/conntrack.dev/v1alpha1/conntracknodes/{Node}", UriKind.Relative), Token))!;
        var owners = stored["metadata"]!["managedFields"]!.AsArray().Select(m => (m!["manager"]!.ToString(), m["operation"]!.ToString(), m["subresource"]?.ToString())).Order();
        Assert.Equal([("conntrack-agent", "Apply", "status"), ("conntrack-controller", "Apply", null)], owners);
    }

    [Fact]
    public async Task Restart_of_the_server_is_got_over()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await real.Require().RestartAsync();
        await PlanAsync(Setting(Established, 3600));
        await Until(() => Is("True InSync", generation: 2) && Value(Established) == 3600, "the edit is in force and reported");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await real.ClearAsync();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(real.Require().CreateClient());

    protected override ServerConnection Connection() => real.Connection();
}
