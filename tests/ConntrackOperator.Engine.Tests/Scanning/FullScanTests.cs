using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Scanning;

public sealed class FullScanTests : IDisposable
{
    private const double Share = 0.004;

    // What an entry costs in a sample.
    private const double PerEntry = 2.4e-6;

    private readonly FakeTimeProvider _time = new();
    private TimeSpan _cost = TimeSpan.FromSeconds(2.4);
    private readonly FullScan _scan;

    public FullScanTests() => _scan = new FullScan(_time, new NoChance(), () => _cost);

    [Theory]
    [InlineData(0.1, 120)]
    [InlineData(0.48, 120)]
    [InlineData(0.6, 150)]
    [InlineData(2.4, 600)]
    [InlineData(14.4, 3600)]
    [InlineData(14.5, null)]
    public void The_time_between_two_is_what_one_costs_by_the_share_of_a_core(double cost, int? seconds) =>
        Assert.Equal(seconds, FullScan.Spacing(TimeSpan.FromSeconds(cost), Share)?.TotalSeconds);

    [Fact]
    public void The_first_is_due_after_the_least_time()
    {
        Assert.False(_scan.IsDue(Looks.Table, PerEntry, Share));
        _time.Advance(FullScan.Least);
        Assert.True(_scan.IsDue(Looks.Table, PerEntry, Share));
    }

    [Fact]
    public void A_table_that_would_be_counted_less_than_once_an_hour_is_not_counted()
    {
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(_scan.IsDue(5_900_000, PerEntry, Share));
        Assert.False(_scan.IsDue(6_100_000, PerEntry, Share));
    }

    [Fact]
    public async Task The_next_is_due_when_the_cost_of_the_last_is_paid_for_and_what_it_cost_is_known_from_then_on()
    {
        _time.Advance(FullScan.Least);
        _cost = TimeSpan.FromSeconds(4);
        Assert.NotNull(await CountOnceAsync());
        Assert.Equal(TimeSpan.FromSeconds(1000), _scan.Pause);
        _time.Advance(TimeSpan.FromSeconds(999));
        Assert.False(_scan.IsDue(Looks.Table, PerEntry, Share));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_scan.IsDue(Looks.Table, PerEntry, Share));

        // At 4 µs an entry, an hour's budget of 14.4 s is 3.6 million.
        Assert.False(_scan.IsDue(3_700_000, PerEntry, Share));
    }

    [Fact]
    public async Task One_that_is_interrupted_reads_no_more_and_is_not_begun_again_at_once()
    {
        _time.Advance(FullScan.Least);
        var reads = false;
        using var begun = new ManualResetEventSlim();
        _scan.Start(cancel =>
        {
            reads = true;
            begun.Set();
            cancel.WaitHandle.WaitOne();
            reads = false;
            cancel.ThrowIfCancellationRequested();
            return null;
        });
        begun.Wait(TestContext.Current.CancellationToken);
        Assert.True(reads);
        Assert.True(_scan.IsRunning);
        Assert.False(_scan.TryTake(Share, out _, out _));

        _scan.Interrupt();

        // On a busy machine the thread may come to it later than anybody waits for it.
        TableLook? look = null;
        string? problem = null;
        await Eventually.UntilAsync(() => _scan.TryTake(Share, out look, out problem));
        Assert.False(reads);
        Assert.Equal((null, null), (look, problem));
        Assert.False(_scan.IsRunning);

        // What it had cost is paid for before the next.
        Assert.Equal(TimeSpan.FromSeconds(600), _scan.Pause);
        Assert.False(_scan.IsDue(Looks.Table, PerEntry, Share));
    }

    [Fact]
    public async Task One_that_fails_says_why()
    {
        _scan.Start(_ => throw new NetlinkException("read the conntrack table", 1));
        TableLook? look = null;
        string? problem = null;
        await Eventually.UntilAsync(() => _scan.TryTake(Share, out look, out problem));
        Assert.Null(look);
        Assert.Contains("read the conntrack table", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_expected_ends_the_count_and_not_the_process()
    {
        using var blind = new FullScan(_time, new NoChance(), () => throw new InvalidOperationException("no clock"));
        foreach (var (scan, thrown, expected) in new[] { (_scan, "a fault of ours", "a fault of ours"), (blind, null, "no clock") })
        {
            Assert.Null(scan.Start(_ => thrown is null ? null : throw new InvalidOperationException(thrown)));
            string? problem = null;
            await Eventually.UntilAsync(() => scan.TryTake(Share, out _, out problem));
            Assert.Equal(expected, problem);
        }
    }

    [Fact]
    public void One_whose_thread_can_not_be_made_has_not_begun_and_is_tried_again_after_a_pause()
    {
        using var scan = new FullScan(_time, new NoChance(), () => _cost, _ => throw new InsufficientMemoryException("no more threads"));
        _time.Advance(FullScan.Least);
        Assert.Equal("no more threads", scan.Start(_ => null));
        Assert.False(scan.IsRunning);
        Assert.False(scan.IsDue(Looks.Table, PerEntry, Share));
        _time.Advance(FullScan.Least);
        Assert.True(scan.IsDue(Looks.Table, PerEntry, Share));
    }

    public void Dispose() => _scan.Dispose();

    private async Task<TableLook?> CountOnceAsync()
    {
        _scan.Start(_ => Looks.Look(Looks.Count(("ESTABLISHED", 100, 100))));
        TableLook? look = null;
        await Eventually.UntilAsync(() => _scan.TryTake(Share, out look, out _));
        return look;
    }
}
