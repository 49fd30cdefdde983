using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Nodes;

/// <summary>The whole way against the fake API server.</summary>
public sealed class WholeWayAgainstTheFakeApiServerTests : WholeWay
{
    private readonly FakeApiServer _server = new(TestCluster.Kinds);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(_server.CreateClient());

    protected override ServerConnection Connection() => new() { Server = _server.BaseAddress, Token = _server.Token };
}
