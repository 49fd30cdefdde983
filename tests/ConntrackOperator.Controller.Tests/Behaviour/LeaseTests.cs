using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Kubernetes.LeaderElection;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>Two replicas, one lease.</summary>
public sealed class LeaseTests() : SimulatedClusterTest("a", "b")
{
    private static readonly ControllerOptions _options = RunningController.Quick with
    {
        Lease = new LeaderElectionOptions
        {
            // In between fit the 3 s that work in progress has to end, as they do with the defaults. A leader that is alive on a busy
            // machine renews in time.
            Duration = TimeSpan.FromSeconds(15),
            RenewDeadline = TimeSpan.FromSeconds(8),
            RetryPeriod = TimeSpan.FromMilliseconds(150),
            AttemptLimit = TimeSpan.FromSeconds(3),
            EndProcess = message => throw new InvalidOperationException(message),
        },
    };

    [Fact]
    public async Task Only_the_leader_writes_and_the_other_goes_on_when_it_stops()
    {
        await Cluster.CreateNodeAsync("n1");
        using var a = new KillableConnection(Server.BaseAddress, "a");
        using var b = new KillableConnection(Server.BaseAddress, "b");

        // Longer than anything here waits for: the second one can only go on because the first one gave the lease back.
        var options = _options with
        {
            Lease = _options.Lease with { Duration = TimeSpan.FromHours(1), RenewDeadline = TimeSpan.FromMinutes(10) },
        };
        var first = RunningController.Host(a.Client, options with { Identity = "a" }, Templates.Agent());
        await Cluster.ApplyAsync("p", Spec(1));
        await Until(() => Cluster.IsReady("p"), "the first one leads");
        await using var second = RunningController.Host(b.Client, options with { Identity = "b" }, Templates.Agent());
        await Cluster.ApplyAsync("p", Spec(2));
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Setting) == 2, "the edit is in force");
        Assert.Equal(0, Works("b"));
        await first.DisposeAsync();
        await Cluster.ApplyAsync("p", Spec(3));
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Setting) == 3, "the second one goes on");
        Assert.True(LastWork("a") < FirstWork("b"), "the work of the one ended before that of the other began");
    }

    [Fact]
    public async Task Leader_that_is_killed_is_followed_after_its_lease_and_does_not_come_back()
    {
        await Cluster.CreateNodeAsync("n1");
        using var a = new KillableConnection(Server.BaseAddress, "a");
        using var b = new KillableConnection(Server.BaseAddress, "b");
        var first = RunningController.Host(a.Client, _options with { Identity = "a" }, Templates.Agent());
        await Cluster.ApplyAsync("p", Spec(1));
        await Until(() => Cluster.IsReady("p"), "the first one leads");
        await using var second = RunningController.Host(b.Client, _options with { Identity = "b" }, Templates.Agent());
        a.Kill();
        await Cluster.ApplyAsync("p", Spec(2));
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Setting) == 2, "the second one took over");
        Assert.True(LastWork("a") < FirstWork("b"), "the work of the one ended before that of the other began");
        // It noticed by itself, ended its work and tells the process to end.
        await Assert.ThrowsAsync<LeaseLostException>(() => first.Ended.WaitAsync(TimeSpan.FromSeconds(90), TestCluster.Token));
        Assert.Equal(2, Cluster.Plan("n1")!.Metadata!.Generation);
    }

    private const string Setting = "nf_conntrack_tcp_timeout_established";

    private static string Spec(int seconds) => $$"""{"timeouts":{"tcp":{"established":"{{seconds}}s"} } }""";

    private static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    private int Works(string user) => Server.Requests.Count(r => IsWork(r, user));

    private DateTimeOffset LastWork(string user) => Server.Requests.All.Last(r => IsWork(r, user)).At;

    private DateTimeOffset FirstWork(string user) => Server.Requests.All.First(r => IsWork(r, user)).At;

    private static bool IsWork(RequestRecord r, string user) => r.User == user && r.Plural != "leases";
}
