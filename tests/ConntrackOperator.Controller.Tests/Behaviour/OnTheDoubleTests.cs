using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>The controller against the double.</summary>
public sealed class OnTheDoubleTests : ControllerBehaviour
{
    private readonly FakeApiServer _server = new(TestCluster.Kinds);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(_server.CreateClient());

    protected override ApiClient ControllerClient() => _server.CreateClient();
}
