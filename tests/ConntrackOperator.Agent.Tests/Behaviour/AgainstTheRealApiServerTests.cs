using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Tests.Reporting;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;

[assembly: AssemblyFixture(typeof(RealCluster))]

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>The agent against Kubernetes' own code and a real etcd, with the schemas that are shipped.</summary>
public sealed class AgainstTheRealApiServerTests(RealCluster real) : AgentBehaviour
{
    [Fact]
    public async Task Server_says_that_the_agent_owns_the_status_and_the_controller_the_spec()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the report is there");
        using var http = real.Require().CreateHttpClient();
        var stored = JsonNode.Parse(
            await http.GetStringAsync(new Uri($"/apis/conntrack.dev/v1alpha1/conntracknodes/{Node}", UriKind.Relative), Token))!;
        var owners = stored["metadata"]!["managedFields"]!.AsArray()
            .Select(m => (m!["manager"]!.ToString(), m["operation"]!.ToString(), m["subresource"]?.ToString())).Order();
        Assert.Equal([("conntrack-agent", "Apply", "status"), ("conntrack-controller", "Apply", null)], owners);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task Report_beyond_every_bound_is_taken_once_it_is_cut_and_refused_before(long number)
    {
        await PlanAsync(Setting(Established, 7200));
        var monster = ReportBoundsTests.Monster(number);
        var refused = await Assert.ThrowsAsync<ApiException>(() => ReportAsync(new NodeStatus { Advice = monster.Advice }));
        Assert.True(refused.IsInvalid, refused.Message);
        await ReportAsync(ReportBounds.Apply(monster));
    }

    [Fact]
    public async Task Report_is_the_whole_status_whoever_wrote_there()
    {
        await PlanAsync(Setting(Established, 7200));
        await PatchStatusAsync(
            """{"advice":"buy more memory","rates":{"racesLostPerMinute":7},"top":{"sources":[{"address":"192.0.2.1","percent":99}]},"settings":[{"name":"nf_conntrack_foreign"}]}""");
        var report = new NodeStatus
        {
            ObservedGeneration = 1,
            Rates = new RatesStatus { EarlyDropsPerMinute = 1 },
            Settings = [new SettingStatus { Name = "nf_conntrack_max" }],
        };
        await ReportAsync(report);
        Assert.Equal(
            """{"observedGeneration":1,"rates":{"earlyDropsPerMinute":1},"settings":[{"name":"nf_conntrack_max"}]}""",
            (await StoredAsync())["status"]!.ToJsonString());
    }

    [Fact]
    public async Task Server_names_the_status_once_as_the_agents_and_none_of_its_fields()
    {
        await PlanAsync(Setting(Established, 7200));
        await ReportAsync(new NodeStatus { ObservedGeneration = 1, Settings = [new SettingStatus { Name = "nf_conntrack_max" }] });
        var fields = (await StoredAsync())["metadata"]!["managedFields"]!.AsArray().Select(m => m!["fieldsV1"]!.ToJsonString()).Order();
        Assert.Equal(["""{"f:spec":{}}""", """{"f:status":{}}"""], fields);
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

    private async Task<JsonNode> StoredAsync()
    {
        using var http = real.Require().CreateHttpClient();
        return JsonNode.Parse(
            await http.GetStringAsync(new Uri($"/apis/conntrack.dev/v1alpha1/conntracknodes/{Node}", UriKind.Relative), Token))!;
    }

    private async Task PatchStatusAsync(string status) => await real.Require().CreateClient().PatchAsync(
        Reporter.Type, null, Node, PatchKind.Merge, Encoding.UTF8.GetBytes($$"""{"status":{{status}}}"""), ApiJson.Default.ConntrackNode,
        "status", Token, "somebody");

    private async Task ReportAsync(NodeStatus status) => await real.Require().CreateClient().ApplyAsync(
        Reporter.Type, null, Node,
        new ConntrackNode
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackNode.KindName,
            Metadata = new ObjectMeta { Name = Node },
            Status = status,
        },
        ApiJson.Default.ConntrackNode, Reporter.FieldManager, force: true, "status", Token);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await real.ClearAsync();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(real.Require().CreateClient());

    protected override ServerConnection Connection() => real.Connection();
}
