using ConntrackOperator.Netfilter.Counters;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Counters;

public sealed class RateMeterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RateMeter _meter;

    public RateMeterTests() => _meter = new RateMeter(_time);

    [Fact]
    public void After_the_first_reading_no_rate_is_known_yet() => Assert.Null(_meter.Update(Drops(5000)));

    [Fact]
    public void A_steady_rate_is_the_rate()
    {
        CounterRates? rates = null;
        for (var i = 0; i <= 300; i++)
        {
            rates = _meter.Update(Drops(i * 10));
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(300, rates!.TableFullDropsPerMinute, 6);
        Assert.Equal(TimeSpan.FromMinutes(1), rates.Span);
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
            Assert.True(_meter.Update(Drops(1000))!.TableFullDropsPerMinute > 0);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _meter.Update(Drops(1000))!.TableFullDropsPerMinute);
    }

    [Fact]
    public void Rates_after_a_second_are_those_of_that_second_and_say_so()
    {
        _meter.Update(Drops(0));
        _time.Advance(TimeSpan.FromSeconds(1));
        var rates = _meter.Update(Drops(1659))!;
        Assert.Equal(99_540, rates.TableFullDropsPerMinute, 6);
        Assert.Equal(TimeSpan.FromSeconds(1), rates.Span);
    }

    [Fact]
    public void Each_counter_has_its_own_rate()
    {
        static ConntrackCounters Counted(int grown) => Drops(0) with
        {
            TableFullDrops = 10 + grown,
            RacesLost = 20 + (2 * grown),
            OtherDrops = 30 + (3 * grown),
            EarlyDrop = 40 + (4 * grown),
            InsertFailed = 50 + (5 * grown),
            ChainTooLong = 60 + (6 * grown),
            ClashResolve = 70 + (7 * grown),
            Invalid = 80 + (8 * grown),
            SearchRestart = 90 + (9 * grown),
        };
        _meter.Update(Counted(0));
        _time.Advance(TimeSpan.FromSeconds(30));
        var rates = _meter.Update(Counted(1))!;
        Assert.Equal(
            [2, 4, 6, 8, 10, 12, 14, 16, 18],
            [
                rates.TableFullDropsPerMinute, rates.RacesLostPerMinute, rates.OtherDropsPerMinute, rates.EarlyDropsPerMinute,
                rates.InsertFailedPerMinute,
                rates.ChainTooLongPerMinute, rates.ClashResolvePerMinute, rates.InvalidPerMinute, rates.SearchRestartPerMinute,
            ]);
    }

    [Fact]
    public void Under_half_a_second_no_rate_is_known_yet()
    {
        _meter.Update(Drops(0));
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Null(_meter.Update(Drops(1)));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(240, _meter.Update(Drops(2))!.TableFullDropsPerMinute, 6);
    }

    [Fact]
    public void A_loop_that_stood_still_says_over_how_long_it_counted()
    {
        _meter.Update(Drops(0));
        _time.Advance(TimeSpan.FromMinutes(10));
        var rates = _meter.Update(Drops(100))!;
        Assert.Equal((10, TimeSpan.FromMinutes(10)), (rates.TableFullDropsPerMinute, rates.Span));
    }

    [Fact]
    public void Another_epoch_starts_the_history_again()
    {
        _meter.Update(Drops(1000));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(_meter.Update(Drops(9000) with { Epoch = 1 }));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, _meter.Update(Drops(9001) with { Epoch = 1 })!.TableFullDropsPerMinute, 6);
    }

    [Fact]
    public void Any_counter_that_went_back_is_another_readers()
    {
        var counters = Drops(1000) with
        {
            EarlyDrop = 9,
            InsertFailed = 9,
            ChainTooLong = 9,
            ClashResolve = 9,
            Invalid = 9,
            SearchRestart = 9,
            RacesLost = 9,
            OtherDrops = 9,
        };
        ConntrackCounters[] less =
        [
            counters with { Drop = 999 }, counters with { EarlyDrop = 8 }, counters with { InsertFailed = 8 },
            counters with { ChainTooLong = 8 }, counters with { ClashResolve = 8 }, counters with { Invalid = 8 },
            counters with { SearchRestart = 8 }, counters with { TableFullDrops = counters.TableFullDrops - 1 },
            counters with { RacesLost = 8 }, counters with { OtherDrops = 8 },
        ];
        Assert.All(less, went =>
        {
            var meter = new RateMeter(_time);
            meter.Update(counters);
            _time.Advance(TimeSpan.FromSeconds(30));
            Assert.NotNull(meter.Update(counters));
            Assert.Null(meter.Update(went));
        });
    }

    [Fact]
    public void Counters_of_another_reader_start_the_history_again()
    {
        _meter.Update(Drops(1000));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(_meter.Update(Drops(10)));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, _meter.Update(Drops(11))!.TableFullDropsPerMinute, 6);
    }

    [Fact]
    public void The_wall_clock_has_no_say()
    {
        _meter.Update(Drops(0) with { At = DateTimeOffset.MaxValue });
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(12, _meter.Update(Drops(12) with { At = DateTimeOffset.MinValue })!.TableFullDropsPerMinute, 6);
    }

    [Fact]
    public void Readings_in_a_rush_are_still_measured_over_the_whole_window()
    {
        CounterRates? rates = null;
        for (var i = 0; i <= 12_000; i++)
        {
            rates = _meter.Update(Drops(i));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(6000, rates!.TableFullDropsPerMinute, 0);
    }

    private static ConntrackCounters Drops(long drops) => new()
    {
        Drop = drops,
        TableFullDrops = drops,
        RacesLost = 0,
        OtherDrops = 0,
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
