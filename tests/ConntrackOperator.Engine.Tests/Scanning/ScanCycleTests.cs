using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Scanning;

public sealed class ScanCycleTests : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeTable _table = new();
    private readonly List<IReadOnlyList<PortUse>> _ranked = [];
    private readonly ScanCycle _cycle;
    private TimeSpan _cost = TimeSpan.FromSeconds(2.4);
    private TimeSpan _spent;

    public ScanCycleTests()
    {
        _cycle = new ScanCycle(
            _table, Ranked, _interval, _time, new NoChance(), () => Thread.CurrentThread.Name == "full scan" ? _cost : _spent);
        _table.SampleTakes = () => _spent += TimeSpan.FromSeconds(0.12);
    }

    [Fact]
    public async Task A_small_class_that_samples_miss_is_told_exactly_by_the_full_count_and_stays_told_while_samples_agree()
    {
        Assert.True(_cycle.RunIfDue());
        Assert.Equal(("Estimated", 50_000L), (Basis, _cycle.Latest!.Breakdown.Sampled));
        Assert.DoesNotContain(_cycle.Latest.Composition.States!, s => s.State == "CLOSE_WAIT");

        await CountAsync();
        Assert.Equal(("Exact", 1_000_000L, 2.0), (Basis, _cycle.Latest.Breakdown.Sampled, _cycle.Latest.Composition.SampleErrorPercent));
        Assert.Equal((0, 1000L), _cycle.Latest.Composition.States!.Where(s => s.State == "CLOSE_WAIT").Select(s => (
            s.Percent!.Value, s.Entries!.Value)).Single());
        Assert.True(_cycle.Latest.IsCount);

        // The next samples are off by the same 2 points: that is no change of the table.
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(_interval);
            Assert.True(_cycle.RunIfDue());
            Assert.Equal("Exact", Basis);
            Assert.False(_cycle.Latest.IsCount);
        }

        // Now the table changes.
        _table.Sampled = Looks.Sample(("ESTABLISHED", 60), ("SYN_SENT", 40));
        _time.Advance(_interval);
        Assert.True(_cycle.RunIfDue());
        Assert.Equal("Estimated", Basis);
        Assert.Contains(_cycle.Latest.Composition.States!, s => s.State == "SYN_SENT");

        // What was refuted does not come back with a sample that would agree.
        _table.Sampled = FakeTable.Usual;
        _time.Advance(_interval);
        Assert.True(_cycle.RunIfDue());
        Assert.Equal("Estimated", Basis);
    }

    [Fact]
    public void A_count_does_not_hold_up_the_loop_and_no_sample_is_taken_beside_it()
    {
        using var gate = new ManualResetEventSlim();
        _table.Gate = gate;
        BeginCount();
        var samples = _table.Samples;
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(_interval);
            Assert.False(_cycle.RunIfDue());
        }

        Assert.Equal((samples, 1), (_table.Samples, _table.Counts));
        gate.Set();
    }

    [Fact]
    public void No_count_begins_while_entries_are_deleted_and_samples_go_on()
    {
        Assert.True(_cycle.RunIfDue());
        for (var i = 0; i < 30; i++)
        {
            _time.Advance(_interval);
            Assert.True(_cycle.RunIfDue(mayCount: false));
        }

        Assert.Equal((31, 0), (_table.Samples, _table.Counts));
    }

    [Fact]
    public async Task A_count_that_is_interrupted_leaves_what_was_told_and_samples_go_on()
    {
        using var gate = new ManualResetEventSlim();
        _table.Gate = gate;
        BeginCount();
        _cycle.Interrupt();

        // On a busy machine the thread may come to it later than anybody waits for it.
        await Eventually.UntilAsync(() => _cycle.RunIfDue(mayCount: false));
        Assert.True(_table.WasCancelled);
        Assert.Equal("Estimated", Basis);
        Assert.False(_cycle.IsCounting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_counted_before_entries_were_deleted_or_hashed_anew_is_told_no_more(bool interrupted)
    {
        await CountAsync();
        Assert.Equal("Exact", Basis);
        if (interrupted)
        {
            _cycle.Interrupt();
        }

        for (var i = 0; i < 2; i++)
        {
            _time.Advance(_interval);
            Assert.True(_cycle.RunIfDue(mayCount: interrupted || i > 0));
            Assert.Equal("Estimated", Basis);
        }
    }

    [Fact]
    public async Task A_count_that_ends_while_entries_are_deleted_is_not_told()
    {
        BeginCount();
        await Eventually.UntilAsync(() => _cycle.RunIfDue(mayCount: false));
        Assert.Equal(("Estimated", false, 1), (Basis, _cycle.IsCounting, _table.Counts));
    }

    [Fact]
    public void A_sample_that_a_busy_machine_holds_up_costs_no_more_than_any_other()
    {
        var sampled = _table.SampleTakes;
        _table.SampleTakes = () =>
        {
            sampled();
            _time.Advance(TimeSpan.FromSeconds(30));
        };
        Assert.True(_cycle.RunIfDue());
        _time.Advance(_interval);
        Assert.True(_cycle.RunIfDue());

        // One that does cost much is paid for first: half of 0.5 % of a core is a second in 400.
        _table.SampleTakes = () => _spent += TimeSpan.FromSeconds(1);
        _time.Advance(_interval);
        Assert.True(_cycle.RunIfDue(mayCount: false));
        _time.Advance(TimeSpan.FromSeconds(399));
        Assert.False(_cycle.RunIfDue(mayCount: false));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_cycle.RunIfDue(mayCount: false));
    }

    [Fact]
    public async Task A_count_during_which_the_table_was_resized_is_not_told()
    {
        _table.Resized = true;
        BeginCount();
        await Eventually.UntilAsync(() => _cycle.RunIfDue());
        Assert.Equal(("Estimated", 1), (Basis, _table.Counts));
    }

    [Fact]
    public void A_table_that_a_sample_sees_all_of_is_exact_and_never_counted_beside()
    {
        _table.Sampled = Looks.SampleOf(ScanCycle.SampleSize, ("ESTABLISHED", 100));
        for (var i = 0; i < 30; i++)
        {
            Assert.True(_cycle.RunIfDue());
            Assert.Equal("Exact", Basis);
            _time.Advance(_interval);
        }

        Assert.Equal(0, _table.Counts);
    }

    [Fact]
    public async Task All_looks_of_a_day_together_take_at_most_the_budget()
    {
        // 0.15 s a sample, and three seconds a count.
        _table.SampleTakes = () =>
        {
            _spent += TimeSpan.FromSeconds(0.15);
            _time.Advance(TimeSpan.FromSeconds(0.15));
        };
        _cost = TimeSpan.FromSeconds(3);
        var begun = _time.GetTimestamp();
        while (_time.GetElapsedTime(begun) < TimeSpan.FromDays(1))
        {
            _cycle.RunIfDue();
            await Eventually.UntilAsync(() => !_cycle.IsCounting || _cycle.RunIfDue());
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        var spent = (_table.Samples * 0.15) + (_table.Counts * 3);
        Assert.InRange(spent / TimeSpan.FromDays(1).TotalSeconds, ScanCycle.CoreShare * 0.8, ScanCycle.CoreShare);

        // Every few minutes.
        Assert.InRange(_table.Counts, 24 * 60 / 25, 24 * 60 / 10);
    }

    [Fact]
    public async Task Addresses_with_few_ports_that_a_sample_misses_are_ranked_by_the_count()
    {
        _table.SampledPorts = [Looks.Ports(1, 40_000, 2000)];
        _table.CountedPorts = [Looks.Ports(1, 41_000, 41_000), Looks.Ports(2, 55, 55)];
        Assert.True(_cycle.RunIfDue());
        Assert.Equal([40_000L], _ranked[^1].Select(use => use.Ports));
        await CountAsync();
        Assert.Equal([41_000L, 55L], _ranked[^1].Select(use => use.Ports));
        _time.Advance(_interval);
        Assert.True(_cycle.RunIfDue());
        Assert.Equal([41_000L, 55L], _ranked[^1].Select(use => use.Ports));
    }

    public void Dispose() => _cycle.Dispose();

    private string? Basis => _cycle.Latest!.Composition.Basis;

    /// <summary>Samples until a count has begun.</summary>
    private void BeginCount()
    {
        while (!_cycle.IsCounting)
        {
            _cycle.RunIfDue();
            _time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    private async Task CountAsync()
    {
        BeginCount();
        await Eventually.UntilAsync(() => _cycle.RunIfDue());
    }

    private List<NatPorts> Ranked(IReadOnlyList<PortUse> seen)
    {
        _ranked.Add(seen);
        return [];
    }
}
