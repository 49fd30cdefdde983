using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Health;

public sealed class ControllerHealthTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeApiServer _server = new(TestCluster.Kinds);
    private readonly WorkQueue<string> _queue;
    private readonly ClusterCache _cluster;
    private readonly ControllerHealth _health;
    private readonly FakeWatch[] _watches = [new("a"), new("b"), new("c")];
    private (TimeSpan? SinceAnswer, string? LastFailure) _lease = (TimeSpan.Zero, null);

    public ControllerHealthTests()
    {
        _queue = new(null, _time);
        _cluster = new ClusterCache(_server.CreateClient(null, _time), NullLogger.Instance, _time);
        _health = new ControllerHealth(_time);
        _health.Asks(() => _lease);
    }

    public void Dispose()
    {
        _queue.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Replica_that_waits_for_the_lease_is_well()
    {
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(_health.NotAlive());
        Assert.Null(_health.NotReady());
        Assert.False(_health.IsLeading);
    }

    [Fact]
    public void Replica_that_the_server_does_not_answer_is_alive_and_not_ready_whether_it_leads_or_not()
    {
        foreach (var leads in new[] { false, true })
        {
            if (leads)
            {
                _health.Leads(_watches, []);
            }

            _lease = (null, null);
            Assert.Equal("the API server has not answered for the lease yet", _health.NotReady());
            _lease = (TimeSpan.FromSeconds(20), "get leases: refused");
            Assert.Null(_health.NotReady());
            _lease = (TimeSpan.FromSeconds(21), "get leases: refused");
            Assert.Equal("the API server has not answered for the lease for 21 s: get leases: refused", _health.NotReady());
            Assert.Null(_health.NotAlive());
        }
    }

    [Fact]
    public async Task Key_that_is_worked_on_for_ever_is_no_life_in_whichever_queue()
    {
        using var other = new WorkQueue<string>(null, _time);
        _health.Leads(_watches, [("x", other), ("y", _queue)]);
        _queue.Add("p");
        await _queue.GetAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(_health.NotAlive());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a key of the y queue has been worked on for more than 5 minutes", _health.NotAlive());
        _queue.Done("p");
        Assert.Null(_health.NotAlive());
        _health.LeadsNoMore();
        Assert.False(_health.IsLeading);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Watch_that_neither_answers_nor_tries_is_no_life_whatever_the_others_do(int stuck)
    {
        _health.Leads(_watches, []);
        for (var minute = 0; minute < 15; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            foreach (var watch in _watches)
            {
                watch.SinceProgress += TimeSpan.FromMinutes(1);
                watch.Failures += watch == _watches[stuck] ? 0 : 1;
            }

            Assert.Null(_health.NotAlive());
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Array.ForEach(_watches, watch => watch.SinceProgress += TimeSpan.FromSeconds(1));
        Assert.Equal($"the watch of {_watches[stuck].Resource} has neither answered nor tried again for 15 minutes", _health.NotAlive());
        _watches[stuck].SinceProgress = TimeSpan.FromMinutes(15);
        Assert.Null(_health.NotAlive());
    }

    [Fact]
    public async Task Server_that_is_away_is_no_reason_to_start_anew_however_often_the_probe_asks()
    {
        _server.Stop();
        _health.Leads(_cluster.Watches, []);
        using var stop = new CancellationTokenSource();
        var running = Run(stop.Token);
        for (var minute = 0; minute < 30; minute++)
        {
            var failures = _cluster.Watches.Select(w => w.Failures).ToList();
            await Eventually.UntilAsync(
                () => _cluster.Watches.Zip(failures).All(pair => pair.First.Failures > pair.Second),
                () => _time.Advance(TimeSpan.FromSeconds(1)));
            Assert.Null(_health.NotAlive());
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Null(_health.NotAlive());
            Assert.Null(_health.NotAlive());
        }

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Leader_is_ready_when_every_kind_was_listed()
    {
        _health.Leads(_cluster.Watches, []);
        Assert.Equal("the first list of conntrackpolicies.conntrack.dev is not complete", _health.NotReady());
        using var stop = new CancellationTokenSource();
        var running = Run(stop.Token);
        await _cluster.WaitForSyncAsync(TestContext.Current.CancellationToken);
        Assert.Null(_health.NotReady());
        await stop.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Leader_is_not_ready_while_any_kind_was_not_listed(int behind)
    {
        _watches[behind].HasSynced = false;
        _watches[behind].LastFailure = "list: 403 Forbidden";
        _health.Leads(_watches, []);
        Assert.Equal($"the first list of {_watches[behind].Resource} is not complete: list: 403 Forbidden", _health.NotReady());
        Assert.Null(_health.NotAlive());
    }

    [Fact]
    public void Every_kind_that_the_work_depends_on_is_looked_at() => Assert.Equal(
        ["conntrackflushes.conntrack.dev", "conntracknodes.conntrack.dev", "conntrackpolicies.conntrack.dev", "nodes"],
        _cluster.Watches.Select(w => w.Resource).Order(StringComparer.Ordinal));

    [Fact]
    public void Leader_without_a_watch_is_not_ready_after_a_minute()
    {
        _health.Leads(_watches, []);
        _watches[1].SinceConnected = TimeSpan.FromMinutes(1);
        Assert.Null(_health.NotReady());
        _watches[1].SinceConnected = TimeSpan.FromSeconds(61);
        Assert.Equal("there has been no watch of b for 61 s", _health.NotReady());
        Assert.Null(_health.NotAlive());
    }

    [Fact]
    public async Task Queue_that_does_not_move_is_not_ready_and_one_that_is_idle_or_slow_is()
    {
        _health.Leads(_watches, [("node", _queue)]);
        _queue.Add("a");
        await _queue.GetAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(2));
        // Nobody waits behind it.
        Assert.Null(_health.NotReady());
        _queue.Add("b");
        _queue.Add("c");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_health.NotReady());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2 keys wait in the node queue, and none was taken or finished for 61 s", _health.NotReady());
        _queue.Done("a");
        Assert.Null(_health.NotReady());
        _time.Advance(TimeSpan.FromSeconds(59));
        await _queue.GetAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Null(_health.NotReady());
    }

    private Task Run(CancellationToken ct) => Task.WhenAll(_cluster.Parts.Select(part => part.Run(ct)));

    private sealed class FakeWatch(string resource) : IInformerState
    {
        public string Resource => resource;

        public bool HasSynced { get; set; } = true;

        public TimeSpan SinceProgress { get; set; }

        public TimeSpan SinceConnected { get; set; }

        public long Failures { get; set; }

        public string? LastFailure { get; set; }
    }
}
