using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Work;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Health;

public sealed class ControllerHealthTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeApiServer _server = new(TestCluster.Kinds);
    private readonly WorkQueue<string> _nodes;
    private readonly WorkQueue<string> _policies;
    private readonly ClusterView _cluster;
    private readonly ControllerHealth _health;

    public ControllerHealthTests()
    {
        _nodes = new(null, _time);
        _policies = new(null, _time);
        _cluster = new ClusterView(_server.CreateClient(null, _time), SilentLog.Instance, _time);
        _health = new ControllerHealth(_time);
    }

    public void Dispose()
    {
        _nodes.Dispose();
        _policies.Dispose();
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
    public async Task Key_that_is_worked_on_for_ever_is_no_life()
    {
        _health.Leads(_cluster, _nodes, _policies);
        _policies.Add("p");
        await _policies.GetAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(_health.NotAlive());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(_health.NotAlive());
        _policies.Done("p");
        Assert.Null(_health.NotAlive());
        _health.LeadsNoMore();
        Assert.False(_health.IsLeading);
    }

    [Fact]
    public void Watch_that_neither_answers_nor_tries_is_no_life()
    {
        _health.Leads(_cluster, _nodes, _policies);
        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.Null(_health.NotAlive());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("a watch has neither answered nor tried again", _health.NotAlive(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_is_away_is_no_reason_to_start_anew_however_often_the_probe_asks()
    {
        _server.Stop();
        _health.Leads(_cluster, _nodes, _policies);
        using var stop = new CancellationTokenSource();
        var running = _cluster.RunAsync(stop.Token);
        for (var minute = 0; minute < 30; minute++)
        {
            var failures = _cluster.Failures;
            await Eventually.UntilAsync(() => _cluster.Failures > failures, () => _time.Advance(TimeSpan.FromSeconds(1)));
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
        _health.Leads(_cluster, _nodes, _policies);
        Assert.Equal("the first list is not complete", _health.NotReady());
        using var stop = new CancellationTokenSource();
        var running = _cluster.RunAsync(stop.Token);
        await _cluster.WaitForSyncAsync(TestContext.Current.CancellationToken);
        Assert.Null(_health.NotReady());
        await stop.CancelAsync();
        await running;
    }
}
