using ConntrackOperator.Netfilter.Counters;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Counters;

public sealed class RateMeterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RateMeter _meter;

    public RateMeterTests() => _meter = new RateMeter(_time);

    [Fact]
    public void The_first_reading_has_no_rate() => Assert.Equal(CounterRates.Zero, _meter.Update(Drops(5000)));

    [Fact]
    public void A_steady_rate_is_the_rate()
    {
        CounterRates rates = CounterRates.Zero;
        for (var i = 0; i <= 300; i++)
        {
            rates = _meter.Update(Drops(i * 10));
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(300, rates.DropsPerMinute, 6);
        Assert.Equal(0, rates.EarlyDropsPerMinute);
    }

    [Fact]
    public void What_happened_over_a_minute_ago_is_forgotten()
    {
        _meter.Update(Drops(0));
        _time.Advance(TimeSpan.FromSeconds(1));
        _meter.Update(Drops(1000));
        for (var i = 0; i < 59; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(_meter.Update(Drops(1000)).DropsPerMinute > 0);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _meter.Update(Drops(1000)).DropsPerMinute);
    }

    [Fact]
    public void One_drop_in_the_first_second_is_not_sixty_a_minute()
    {
        _meter.Update(Drops(0));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(6, _meter.Update(Drops(1)).DropsPerMinute, 6);
    }

    [Fact]
    public void Counters_of_another_reader_start_the_history_again()
    {
        _meter.Update(Drops(1000));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(CounterRates.Zero, _meter.Update(Drops(10)));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, _meter.Update(Drops(11)).DropsPerMinute, 6);
    }

    [Fact]
    public void The_wall_clock_has_no_say()
    {
        _meter.Update(Drops(0) with { At = DateTimeOffset.MaxValue });
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(12, _meter.Update(Drops(12) with { At = DateTimeOffset.MinValue }).DropsPerMinute, 6);
    }

    [Fact]
    public void Readings_in_a_rush_are_still_measured_over_the_whole_window()
    {
        CounterRates rates = CounterRates.Zero;
        for (var i = 0; i <= 12_000; i++)
        {
            rates = _meter.Update(Drops(i));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(6000, rates.DropsPerMinute, 0);
    }

    private static ConntrackCounters Drops(long drops) => new()
    {
        Drop = drops,
        EarlyDrop = 0,
        InsertFailed = 0,
        ClashResolve = 0,
        ChainTooLong = 0,
        Invalid = 0,
        SearchRestart = 0,
        Found = 0,
        Insert = 0,
        Delete = 0,
        Ignore = 0,
        Error = 0,
        At = default,
        Source = CounterSource.Proc,
    };
}
