using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Counters;

namespace ConntrackOperator.Engine.Tests.Forecasting;

public sealed class HeadroomTests
{
    // e^-0.8 = 0.449, e^-4 = 0.018: what was lost of the same on a real kernel is in docs/performance.md.
    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(0.05, 1, 0.551)]
    [InlineData(0.25, 1, 0.982)]
    [InlineData(0.05, 4, 0.959)]
    [InlineData(1, 0.01, 0.148)]
    public void Full_table_has_room_where_an_unassured_entry_is_in_one_of_eight_buckets(
        double unassured, double entriesABucket, double probability) =>
        Assert.Equal(probability, Headroom.WhenFull((long)(entriesABucket * 100_000), 100_000, unassured)!.Value, 0.001);

    [Fact]
    public void Table_with_a_place_left_has_room_for_every_connection() => Assert.Equal(1, Headroom.Now(Reading(99_999), 0.2));

    [Fact]
    public void Table_at_its_limit_or_lowered_below_what_is_in_it_has_what_can_be_evicted()
    {
        Assert.Equal(0.2, Headroom.Now(Reading(100_000), 0.2));
        Assert.Equal(0.2, Headroom.Now(Reading(150_000), 0.2));
        Assert.Null(Headroom.Now(Reading(100_000), null));
    }

    [Fact]
    public void Table_that_was_at_its_limit_between_two_readings_tells_by_what_it_evicted_or_lost()
    {
        Assert.Equal(0.2, Headroom.Now(Reading(99_000) with { Rates = Rates(early: 1, full: 0) }, 0.2));
        Assert.Equal(0.2, Headroom.Now(Reading(99_000) with { Rates = Rates(early: 0, full: 1) }, 0.2));
        Assert.Equal(1, Headroom.Now(Reading(99_000) with { Rates = Rates(early: 0, full: 0) }, 0.2));
    }

    [Fact]
    public void Nothing_is_said_where_nothing_is_known_and_no_limit_is_room_for_all()
    {
        Assert.Null(Headroom.Now(Reading(null), 0.2));
        Assert.Null(Headroom.Now(Reading(5) with { Limit = null }, 0.2));
        Assert.Equal(1, Headroom.Now(Reading(5) with { Limit = null, NoLimit = true }, null));
        Assert.Null(Headroom.WhenFull(100, 0, 0.5));
        Assert.Null(Headroom.WhenFull(100, 100, double.NaN));
    }

    [Theory]
    [InlineData(0.9999, 99)]
    [InlineData(1.0, 100)]
    [InlineData(0.0, 0)]
    public void Hundred_percent_is_every_connection(double probability, int percent) =>
        Assert.Equal(percent, Headroom.Percent(probability));

    private static TableReading Reading(long? entries) => new(entries, 100_000, 100_000, null, null, null);

    private static CounterRates Rates(double early, double full) => new()
    {
        Span = TimeSpan.FromMinutes(1),
        EarlyDropsPerMinute = early,
        TableFullDropsPerMinute = full,
        RacesLostPerMinute = 0,
        OtherDropsPerMinute = 0,
        InsertFailedPerMinute = 0,
        ChainTooLongPerMinute = 0,
        ClashResolvePerMinute = 0,
        InvalidPerMinute = 0,
        SearchRestartPerMinute = 0,
    };
}
