using ConntrackOperator.TestKit;

namespace ConntrackOperator.Simulation;

/// <summary>A test on the fake API server, with a view of the cluster and a fleet that reports, each with a client of its own.</summary>
/// <param name="users">Who else may connect; the token of each is its name.</param>
public abstract class SimulatedClusterTest(params string[] users) : IAsyncLifetime
{
    private protected FakeApiServer Server { get; } = new(TestCluster.Kinds);

    private protected TestCluster Cluster { get; private set; } = null!;

    private protected SimulatedFleet Fleet { get; private set; } = null!;

    public virtual ValueTask InitializeAsync()
    {
        foreach (var user in users)
        {
            Server.AddUser(user, user);
        }

        Cluster = new TestCluster(Server.CreateClient());
        Fleet = new SimulatedFleet(Server.CreateClient());
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await Cluster.DisposeAsync();
        Server.Dispose();
        GC.SuppressFinalize(this);
    }
}
