using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Idle;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Forecasting;

/// <summary>Series without noise, of which the end is known; see <see cref="FullForecastTests"/> for what agents see.</summary>
public sealed class ForecastArithmeticTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_straight_line_is_full_where_it_meets_the_limit()
    {
        var full = FullForecast.Of(Series(60, m => 20_000 + (600 * m)), 100_000)!.Value;

        // 55,400 in the last minute; what counts as now is the middle of the last five.
        Assert.InRange(full.In.TotalMinutes, (100_000 - 55_400) / 600.0, ((100_000 - 55_400) / 600.0) + 3);
        Assert.Equal((600.0, 60, false), (Math.Round(full.EntriesPerMinute, 6), full.MinutesLookedAt, full.AsTheDayBefore));
    }

    [Theory]
    [InlineData(14, false)]
    [InlineData(15, true)]
    public void A_quarter_of_an_hour_is_enough(int minutes, bool told) =>
        Assert.Equal(told, FullForecast.Of(Series(minutes, m => 90_000 + (300 * m)), 100_000) is not null);

    [Theory]
    [InlineData(179, true)]
    [InlineData(181, false)]
    public void Three_times_what_was_seen_is_as_far_as_it_looks_ahead(int minutes, bool told) =>
        Assert.Equal(told, FullForecast.Of(Series(60, m => 600 * m), (600 * 57) + (600L * minutes)) is not null);

    [Fact]
    public void Fifteen_counts_in_an_hour_are_enough_and_fourteen_are_not()
    {
        Assert.NotNull(FullForecast.Of(Series(57, m => m % 4 == 0 ? 60_000 + (600 * m) : double.NaN), 100_000));
        Assert.Null(FullForecast.Of(Series(53, m => m % 4 == 0 ? 60_000 + (600 * m) : double.NaN), 100_000));
    }

    [Fact]
    public void Without_a_limit_a_count_of_the_last_minute_or_any_count_there_is_nothing_to_tell()
    {
        var rising = Series(60, m => 20_000 + (600 * m));
        Assert.Null(FullForecast.Of(rising, 0));
        Assert.Null(FullForecast.Of([], 100_000));
        rising[^1] = float.NaN;
        Assert.Null(FullForecast.Of(rising, 100_000));
    }

    [Fact]
    public void What_grew_faster_before_is_told_by_how_it_grows_now()
    {
        var full = FullForecast.Of(Series(60, m => m < 30 ? 40_000 + (1000 * m) : 70_000 + (500 * (m - 30))), 100_000)!.Value;
        Assert.Equal(500, full.EntriesPerMinute, 1.0);
    }

    [Fact]
    public void A_pause_of_half_the_hour_is_no_growth_that_goes_on() => Assert.Null(FullForecast.Of(
        Series(60, m => m < 15 ? 60_000 + (1000 * m) : m < 45 ? 75_000 : 75_000 + (1000 * (m - 45))), 100_000));

    [Theory]
    [InlineData(0)]
    [InlineData(-600)]
    public void What_stands_or_falls_is_never_full(int perMinute) =>
        Assert.Null(FullForecast.Of(Series(60, m => 99_000 + (perMinute * m)), 100_000));

    [Theory]
    [InlineData(1000, true)]
    [InlineData(4000, false)]
    public void A_rise_has_to_stand_out_from_how_much_minutes_differ(int swing, bool told) =>
        Assert.Equal(told, FullForecast.Of(Series(60, m => 80_000 + (100 * m) + (m % 2 == 0 ? swing : -swing)), 100_000) is not null);

    [Fact]
    public void What_came_after_the_same_rise_the_day_before_is_what_is_expected()
    {
        // Each day rises for two hours from noon and goes back; today began 5,000 higher, and nothing grows otherwise.
        static double Day(double m, double height) => 40_000 + (height * Math.Max(0, 1 - (Math.Abs(m - 120) / 120)));
        var today = Series(1440 + 60, m => m < 1440 ? Day(m, 50_000) : 5_000 + Day(m - 1440, 50_000));
        Assert.Null(FullForecast.Of(today, 100_000));

        // With less room the same rise as yesterday's does fill it: an hour after the last count, which is at half of it.
        var full = FullForecast.Of(today, 90_000)!.Value;
        Assert.True(full.AsTheDayBefore);
        Assert.InRange(full.In.TotalMinutes, 45, 65);
        Assert.EndsWith("and from what came after them the day before", full.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public void A_forecast_comes_nearer_with_the_clock_and_is_over_when_the_table_is_full()
    {
        var outlook = new TableOutlook(_time);
        for (var minute = 0; minute <= 60; minute++)
        {
            outlook.Add(Reading(20_000 + (600 * minute), 100_000));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        outlook.Add(Reading(56_600, 100_000));
        var first = outlook.Of(Reading(56_600, 100_000), null).Full!.Value.In;
        Assert.InRange(first.TotalMinutes, 60, 80);
        _time.Advance(TimeSpan.FromSeconds(30));
        outlook.Add(Reading(56_900, 100_000));
        Assert.Equal(first - TimeSpan.FromSeconds(30), outlook.Of(Reading(56_900, 100_000), null).Full!.Value.In);

        // A limit that is changed counts at once, and what is full now is not full soon.
        outlook.Add(Reading(56_900, 90_000));
        Assert.InRange(
            outlook.Of(Reading(56_900, 90_000), null).Full!.Value.In, first - TimeSpan.FromMinutes(20), first - TimeSpan.FromMinutes(15));
        Assert.Null(outlook.Of(Reading(90_000, 90_000), null).Full);
        Assert.NotNull(outlook.Of(Reading(89_999, 90_000), null).Full);
        Assert.Null(outlook.Of(Reading(null, 90_000), null).Full);
        Assert.Null(outlook.Of(Reading(56_900, null), null).Full);
        _time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(TimeSpan.Zero, outlook.Of(Reading(60_000, 90_000), null).Full!.Value.In);
    }

    [Fact]
    public void A_history_begins_when_it_is_made_and_leaves_out_minutes_without_a_count()
    {
        _time.Advance(TimeSpan.FromSeconds(30));
        var history = new UsageHistory(_time);
        Assert.False(history.Add(10));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(history.Add(20));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(history.Add(70));
        Assert.Equal(15, history.Latest()[^1]);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.True(history.Add(null));
        Assert.Equal([15, 70, float.NaN, float.NaN], history.Latest()[^4..]);
        _time.Advance(TimeSpan.FromHours(60));
        history.Add(5);
        Assert.All(history.Latest(), minute => Assert.Equal(float.NaN, minute));
    }

    private static float[] Series(int minutes, Func<double, double> entries) =>
        [.. Enumerable.Range(0, minutes).Select(m => (float)entries(m))];

    private static TableReading Reading(long? entries, long? limit) => new(entries, limit, 65_536, null, null, null);
}
