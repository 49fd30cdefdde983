using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

[assembly: AssemblyFixture(typeof(RealCluster))]

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>The controller against Kubernetes' own code and a real etcd, with the schemas that are shipped.</summary>
public sealed class AgainstTheRealApiServerTests(RealCluster real) : ControllerBehaviour
{
    [Fact]
    public async Task Restart_of_the_server_is_got_over_and_what_changed_then_is_not_lost()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await real.Require().RestartAsync();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Established) == 3600, "the edit is planned");
        Assert.Equal(2, Cluster.Plan("n1")!.Metadata!.Generation);
        Assert.False(Controller.Ended.IsCompleted);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await real.ClearAsync();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(real.Require().CreateClient());

    protected override ApiClient ControllerClient() => real.Require().CreateClient();
}
