using ConntrackOperator.Engine.Forecasting;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Forecasting;

/// <summary>
/// Series as agents see them, a count each two seconds, through the history. All have noise of one per cent, with bursts.
/// </summary>
public sealed class FullForecastTests
{
    private const long Limit = 100_000;

    private readonly FakeTimeProvider _time = new();
    private readonly Random _random = new(7);
    private readonly UsageHistory _history;

    public FullForecastTests() => _history = new UsageHistory(_time);

    [Theory]
    [InlineData(200)]
    [InlineData(600)]
    public void Growing_leak_is_full_when_it_is_full(int perMinute)
    {
        Play(60, m => 50_000 + (perMinute * m));
        var left = (Limit - 50_000 - (perMinute * 60.0)) / perMinute;
        if (left > 180)
        {
            Assert.Null(Forecast());
            return;
        }

        var full = Forecast()!.Value;
        Assert.InRange(full.In.TotalMinutes, left * 0.9, left * 1.25);
        Assert.InRange(full.EntriesPerMinute, perMinute * 0.8, perMinute * 1.05);
        Assert.Equal(60, full.MinutesLookedAt);
        Assert.EndsWith("more entries a minute, from 60 minutes", full.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public void Leak_is_told_from_a_quarter_of_an_hour_on_and_no_further_ahead_than_three_times_that()
    {
        Play(14, m => 70_000 + (800 * m));
        Assert.Null(Forecast());
        Play(2, m => 70_000 + (800 * (m + 14)));
        var full = Forecast()!.Value;
        Assert.Equal(16, full.MinutesLookedAt);
        Assert.InRange(full.In.TotalMinutes, 17, 30);
    }

    [Fact]
    public void Restarted_agent_says_nothing_until_it_has_seen_a_quarter_of_an_hour_again()
    {
        Play(60, m => 50_000 + (600 * m));
        Assert.NotNull(Forecast());
        var restarted = new UsageHistory(_time);
        Play(restarted, 14, m => 86_000 + (600 * m));
        Assert.Null(FullForecast.Of(restarted.Latest(), Limit));
        Play(restarted, 4, m => 86_000 + (600 * (m + 14)));
        Assert.NotNull(FullForecast.Of(restarted.Latest(), Limit));
    }

    [Fact]
    public void Noise_alone_is_never_growth()
    {
        for (var hour = 0; hour < 100; hour++)
        {
            Play(15, _ => 85_000 + (10_000 * (_random.NextDouble() - 0.5)));
            Assert.Null(Forecast());
        }
    }

    [Fact]
    public void Step_is_not_growth_wherever_it_is_in_the_hour()
    {
        Play(60, _ => 40_000);
        for (var minute = 0; minute < 61; minute++)
        {
            Play(1, _ => 85_000);
            Assert.Null(Forecast());
        }
    }

    [Fact]
    public void Daily_wave_is_not_growth_on_the_first_day_nor_later()
    {
        for (var minute = 0; minute < 3 * 24 * 60; minute += 10)
        {
            var start = minute;
            Play(10, m => 50_000 + (35_000 * Math.Sin((start + m) * 2 * Math.PI / (24 * 60))));
            Assert.Null(Forecast());
        }
    }

    [Fact]
    public void Wave_that_nearly_fills_the_table_is_not_growth_once_a_day_of_it_is_known()
    {
        var said = 0;
        for (var minute = 0; minute < 4 * 24 * 60; minute += 10)
        {
            var start = minute;
            Play(10, m => 50_000 + (46_000 * Math.Sin((start + m) * 2 * Math.PI / (24 * 60))));
            said += minute > 25 * 60 && Forecast() is not null ? 1 : 0;
        }

        Assert.Equal(0, said);
    }

    [Fact]
    public void Leak_on_top_of_a_daily_wave_is_told_before_it_fills_the_table()
    {
        TimeToFull? first = null;
        var (minute, at) = (0, 0);
        double Wave(double m) =>
            45_000 + (20_000 * Math.Sin(m * 2 * Math.PI / (24 * 60))) + (m < 2 * 24 * 60 ? 0 : 60 * (m - (2 * 24 * 60)));
        while (Wave(minute) < Limit)
        {
            var start = minute;
            Play(1, m => Wave(start + m));
            minute++;
            if (minute > 25 * 60 && first is null && Forecast() is { } full)
            {
                (first, at) = (full, minute);
            }
        }

        Assert.NotNull(first);
        Assert.InRange(minute - at, 20, 200);
        Assert.InRange(first.Value.In.TotalMinutes, (minute - at) * 0.5, (minute - at) * 2);
    }

    [Fact]
    public void Minutes_that_nobody_counted_are_left_out()
    {
        Play(25, m => 50_000 + (600 * m));
        _time.Advance(TimeSpan.FromMinutes(10));
        Play(25, m => 50_000 + (600 * (m + 35)));
        var full = Forecast()!.Value;
        Assert.InRange(full.MinutesLookedAt, 49, 50);
        Assert.InRange(full.In.TotalMinutes, 20, 30);

        // Nor is the day before this that was slept through.
        _time.Advance(TimeSpan.FromHours(30));
        Play(14, m => 50_000 + (600 * m));
        Assert.Null(Forecast());
    }

    [Fact]
    public void Limit_that_was_changed_in_between_counts_as_it_is_now()
    {
        Play(60, m => 50_000 + (600 * m));
        var before = Forecast()!.Value;
        var after = FullForecast.Of(_history.Latest(), Limit + 30_000)!.Value;
        Assert.Equal(before.EntriesPerMinute, after.EntriesPerMinute);
        Assert.Equal(30_000 / before.EntriesPerMinute, (after.In - before.In).TotalMinutes, 0.1);
        Assert.Null(FullForecast.Of(_history.Latest(), 10 * Limit));
        Assert.Equal(TimeSpan.Zero, FullForecast.Of(_history.Latest(), 80_000)!.Value.In);
    }

    [Fact]
    public void Clock_that_is_set_makes_no_difference()
    {
        Play(30, m => 50_000 + (600 * m));
        var jumping = new JumpingClock(_time);
        var history = new UsageHistory(jumping);
        Play(history, 30, m => 50_000 + (600 * m));
        jumping.Offset = TimeSpan.FromDays(-400);
        Play(history, 30, m => 50_000 + (600 * (m + 30)));
        Assert.Equal(60, FullForecast.Of(history.Latest(), Limit)!.Value.MinutesLookedAt);
    }

    [Fact]
    public void Growth_that_levels_off_and_a_table_that_empties_are_not_full_soon()
    {
        Play(60, m => 90_000 - (40_000 * Math.Exp(-m / 12.0)));
        Assert.Null(Forecast());
        Play(60, m => 90_000 - (600 * m));
        Assert.Null(Forecast());
    }

    [Fact]
    public void History_keeps_the_last_25_hours_and_takes_no_more_memory_with_time()
    {
        Play(3 * UsageHistory.Minutes, m => m, noise: false);
        var latest = _history.Latest();
        Assert.Equal(UsageHistory.Minutes, latest.Length);
        Assert.Equal((3 * UsageHistory.Minutes) - 1, latest[^1]);
        Assert.Equal(2 * UsageHistory.Minutes, latest[0]);
    }

    private TimeToFull? Forecast() => FullForecast.Of(_history.Latest(), Limit);

    private void Play(int minutes, Func<double, double> entries, bool noise = true) => Play(_history, minutes, entries, noise);

    /// <summary>Minutes of counts, and the moment after in which the last of them is over.</summary>
    private void Play(UsageHistory history, int minutes, Func<double, double> entries, bool noise = true)
    {
        for (var minute = 0; minute < minutes; minute++)
        {
            var burst = noise && _random.Next(30) == 0 ? 1.1 : 1;
            for (var second = 0; second < 60; second += 20)
            {
                var there = entries(minute);
                history.Add((long)(noise ? there * burst * (1 + (0.02 * (_random.NextDouble() - 0.5))) : there));
                _time.Advance(TimeSpan.FromSeconds(20));
            }
        }

        history.Add(null);
    }

    private sealed class JumpingClock(FakeTimeProvider time) : TimeProvider
    {
        internal TimeSpan Offset { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

        public override long GetTimestamp() => time.GetTimestamp();
    }
}
