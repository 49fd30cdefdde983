using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.RealServer;

/// <summary>The double behaves as the real server does.</summary>
public sealed class FakeApiServerTests : ServerBehaviour, IDisposable
{
    private readonly FakeApiServer _server = new([Widget.Resource]);

    public void Dispose() => _server.Dispose();

    protected override IApiServer Server() => _server;
}
