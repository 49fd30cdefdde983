using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>When the table is looked into, when it is asked who does what, and what is told of a look that failed.</summary>
public sealed class ScanOccasionTests
{
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeTable _table = new();

    [Fact]
    public void Agents_that_start_together_look_at_different_moments_of_the_first_interval_and_then_each_so_often()
    {
        using var cycle = Cycle(new HalfChance());
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(cycle.RunIfDue(mayCount: false));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(cycle.RunIfDue(mayCount: false));

        // Then the interval and a quarter of it.
        _time.Advance(TimeSpan.FromSeconds(74));
        Assert.False(cycle.RunIfDue(mayCount: false));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(cycle.RunIfDue(mayCount: false));
        Assert.Equal(2, _table.Samples);
    }

    [Fact]
    public void A_look_that_failed_says_why_leaves_what_was_seen_and_is_made_again_after_the_interval()
    {
        using var cycle = Cycle(new NoChance());
        Assert.True(cycle.RunIfDue(mayCount: false));
        var seen = cycle.Latest;
        foreach (var error in new Exception[] { new NetlinkException("read the conntrack table", 1), new IOException("no room") })
        {
            _table.SampleTakes = () => throw error;
            _time.Advance(_interval);
            Assert.False(cycle.RunIfDue(mayCount: false));
            Assert.Equal((error.Message, seen), (cycle.Problem, cycle.Latest));
            Assert.False(cycle.RunIfDue(mayCount: false));
        }

        Assert.Equal(3, _table.Samples);
        _table.SampleTakes = () => { };
        _time.Advance(_interval);
        Assert.True(cycle.RunIfDue(mayCount: false));
        Assert.Null(cycle.Problem);
    }

    [Fact]
    public void Who_does_what_is_kept_from_look_to_look_while_it_is_asked_for_and_let_go_then()
    {
        using var cycle = Cycle(new NoChance());
        foreach (var asked in new[] { false, true, true, false, true })
        {
            Assert.True(cycle.RunIfDue(asked, mayCount: false));
            _time.Advance(_interval);
        }

        Assert.Equal([false, true, true, false, true], _table.Surveys.Select(survey => survey is not null));
        Assert.Same(_table.Surveys[1], _table.Surveys[2]);
        Assert.NotSame(_table.Surveys[1], _table.Surveys[4]);
    }

    [Theory]
    [InlineData(39, 0, 0, false)]
    [InlineData(40, 0, 0, true)]
    [InlineData(99, 0, 0, true)]
    [InlineData(1, 0.5, 0, true)]
    [InlineData(1, 0, 0.5, false)]
    [InlineData(1, 0, 1, true)]
    public void Who_does_what_is_asked_when_the_table_gets_tight_or_packets_are_lost(
        long entries, double dropsPerMinute, double racesPerMinute, bool asked)
    {
        using var machine = new Machine();
        using var engine = new NodeEngine(machine.Options with { ScanInterval = _interval, Table = _table }, _time);
        var reading = new TableReading(entries, 100, 128, null, null, Rates(dropsPerMinute, racesPerMinute));
        _time.Advance(_interval);
        Assert.True(engine.Scan(reading));
        Assert.Equal(asked, Assert.Single(_table.Surveys) is not null);
        Assert.NotNull(engine.Latest);
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void A_plan_whose_warning_comes_earlier_has_who_does_what_asked_from_there_on(long entries, bool asked)
    {
        using var machine = new Machine();
        using var engine = new NodeEngine(machine.Options with { ScanInterval = _interval, Table = _table }, _time);
        engine.SetPlan(Plans.Of() with { Spec = new NodeSpec { Settings = [], Pressure = new NodePressure { WarningPercent = 10 } } });
        _time.Advance(_interval);
        Assert.True(engine.Scan(new TableReading(entries, 100, 128, null, null, Rates(0, 0))));
        Assert.Equal(asked, Assert.Single(_table.Surveys) is not null);
    }

    private static CounterRates Rates(double dropsPerMinute, double racesPerMinute) => new()
    {
        Span = TimeSpan.FromMinutes(1),
        TableFullDropsPerMinute = dropsPerMinute,
        RacesLostPerMinute = racesPerMinute,
        OtherDropsPerMinute = 0,
        EarlyDropsPerMinute = 0,
        InsertFailedPerMinute = 0,
        ChainTooLongPerMinute = 0,
        ClashResolvePerMinute = 0,
        InvalidPerMinute = 0,
        SearchRestartPerMinute = 0,
    };

    private ScanCycle Cycle(Random random) => new(_table, _ => [], _interval, _time, random, () => TimeSpan.Zero);

    private sealed class HalfChance : Random
    {
        public override double NextDouble() => 0.5;
    }
}
