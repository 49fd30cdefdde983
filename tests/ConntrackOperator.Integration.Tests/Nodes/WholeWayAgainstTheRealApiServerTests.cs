using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

[assembly: AssemblyFixture(typeof(RealCluster))]

namespace ConntrackOperator.Integration.Tests.Nodes;

/// <summary>The whole way against Kubernetes' own code and a real etcd.</summary>
public sealed class WholeWayAgainstTheRealApiServerTests(RealCluster real) : WholeWay
{
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await real.ClearAsync();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(real.Require().CreateClient());

    protected override ServerConnection Connection() => real.Connection();
}
