using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>A full count that goes on and on beside the engine, until it is interrupted.</summary>
public sealed class CountBesideTests : IAsyncDisposable
{
    private readonly ManualResetEventSlim _never = new();
    private readonly FakeTable _table;
    private readonly Machine _machine = new();
    private readonly NodeEngine _engine;

    public CountBesideTests()
    {
        _table = new FakeTable { Gate = _never };
        _engine = new NodeEngine(_machine.Options with { ScanInterval = TimeSpan.FromMinutes(1), Table = _table }, _machine.Time);
        while (_table.Counts == 0)
        {
            _engine.Scan(_engine.Observe());
            _machine.Time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public void Settings_are_applied_and_drift_is_corrected_meanwhile()
    {
        Apply(Set(SysctlNames.UdpTimeout, 21));
        Assert.Equal(21, _machine[SysctlNames.UdpTimeout]);
        _machine[SysctlNames.UdpTimeout] = 99;
        _engine.Enforce();
        Assert.Equal(21, _machine[SysctlNames.UdpTimeout]);
        Assert.False(_table.WasCancelled);
    }

    [Fact]
    public async Task It_reads_no_more_when_the_hash_table_is_resized()
    {
        Apply(Set(SysctlNames.Buckets, 524288));
        Assert.Equal(524288, _machine[SysctlNames.Buckets]);
        await CancelledAsync();
    }

    [Fact]
    public async Task It_reads_no_more_when_entries_are_deleted_and_none_begins_until_that_is_over()
    {
        _engine.SetPlan(new CachedPlan
        {
            Spec = new NodeSpec
            {
                Settings = [],
                Flushes = [new NodeFlush { Uid = "1", Match = new FlushMatch { Source = "192.0.2.77/32" }, Conditions = 1, DryRun = true }],
            },
        });
        _engine.Flush();
        Assert.True(_engine.IsFlushing);
        for (var i = 0; i < 60; i++)
        {
            _engine.Scan(_engine.Observe());
            _machine.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(1, _table.Counts);
        await Eventually.UntilAsync(() =>
        {
            _engine.Flush();
            return !_engine.IsFlushing;
        });
        await CancelledAsync();
        await Eventually.UntilAsync(
            () =>
            {
                _engine.Scan(_engine.Observe());
                return _table.Counts == 2;
            },
            () => _machine.Time.Advance(TimeSpan.FromMinutes(1)),
            "another count");
    }

    [Fact]
    public async Task It_ends_with_the_engine()
    {
        _engine.Dispose();
        await CancelledAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _engine.Dispose();
        await Eventually.UntilAsync(() => _table.IsStill, "the count has ended");
        _machine.Dispose();
        _never.Dispose();
    }

    // On a busy machine the thread may come to it later than anybody waits for it.
    private Task CancelledAsync() => Eventually.UntilAsync(() => _table.WasCancelled, "the count is cancelled");

    private void Apply(NodeSetting setting)
    {
        _engine.SetPlan(Of(setting));
        _engine.Enforce();
    }
}
