using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Sysctls;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>What is told of entries whose time-outs were changed, are set in an unusual order, or belong to nobody known.</summary>
public sealed class ChangedTimeoutsTests
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte Gre = 47;
    private const byte Established = 3;
    private const byte TimeWait = 7;
    private const byte Close = 8;
    private const byte InFlight = 0x10;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20));

    [Fact]
    public void More_seconds_left_than_any_setting_can_have_left_is_no_idle_time()
    {
        // 432,000 s were set 100 s ago: nothing armed by them has 10,000 s left, and nothing by the 600 s before.
        var changed = Clock(Changed(SysctlNames.TcpTimeoutEstablished, 600, 432_000, secondsAgo: 100));
        Assert.Equal(IdleTime.Unknown, changed.Of(Held.Flow(Tcp, Established, 10_000)));

        // Nor where anything may have been set before the first look: whoever armed this is not known to have done it then.
        _time.Advance(TimeSpan.FromMinutes(5));
        var watched = TimeoutHistory.Begin(Look());
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(IdleTime.Unknown, Clock(watched.Add(Look())).Of(Held.Flow(Tcp, Established, 500_000)));
    }

    [Fact]
    public void A_value_that_was_given_up_long_ago_is_not_what_was_armed()
    {
        var clock = Clock(Changed(SysctlNames.UdpTimeout, 30, 300, secondsAgo: 1000));
        Assert.Equal(new IdleTime(278, 281), clock.Of(Held.Flow(Udp, 0, 20, FlowStatus.SeenReply)));
    }

    [Fact]
    public void A_value_that_came_later_was_not_armed_before_even_if_nothing_else_changed_unseen()
    {
        var history = TimeoutHistory.Begin(Look((SysctlNames.TcpTimeoutEstablished, 600)));
        foreach (var seconds in new[] { 600, 432_000, 432_000 })
        {
            _time.Advance(TimeSpan.FromSeconds(100));
            history = history.Add(Look((SysctlNames.TcpTimeoutEstablished, seconds)));
        }

        Assert.Equal(new IdleTime(103, 106), Clock(history, assumeHeld: true).Of(Held.Flow(Tcp, Established, 495)));
    }

    [Fact]
    public void Changes_that_were_seen_and_are_forgotten_are_not_taken_never_to_have_been()
    {
        var history = TimeoutHistory.Begin(Look((SysctlNames.TcpTimeoutEstablished, 600)));
        for (var i = 1; i <= 600; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            history = history.Add(Look((SysctlNames.TcpTimeoutEstablished, 1000 + i)));
        }

        // It was armed with 1010 seconds when those were set, 690 seconds ago.
        _time.Advance(TimeSpan.FromSeconds(100));
        var idle = Clock(history.Add(Look((SysctlNames.TcpTimeoutEstablished, 1600))), assumeHeld: true)
            .Of(Held.Flow(Tcp, Established, 1010 - 690));
        Assert.InRange(idle.LeastSeconds, 0u, 690u);
        Assert.True(idle.Most is null || idle.Most >= TimeSpan.FromSeconds(690), $"{idle}");

        // And what another process kept of it knows that too.
        Assert.NotNull(TimeoutHistory.Begin(Look((SysctlNames.TcpTimeoutEstablished, 1600))).Join(history).ForgottenUntil);
    }

    [Fact]
    public void A_setting_that_is_gone_may_have_been_anything_since_the_look_before()
    {
        // It was raised right after the first look, a packet armed it half a minute later, and at the second look it can't be read.
        var history = Held.Always(Look((SysctlNames.TcpTimeoutEstablished, 432_000)));
        _time.Advance(TimeSpan.FromSeconds(100));
        history = history.Add(new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = new Dictionary<string, long>() });
        var idle = Clock(history).Of(Held.Flow(Tcp, Established, 432_000));
        Assert.Equal(0u, idle.LeastSeconds);
        Assert.InRange(idle.MostSeconds, 70u, IdleTime.NoBound);
    }

    [Fact]
    public void A_setting_that_a_new_process_can_not_read_at_first_may_have_been_anything_since_the_last_one_looked()
    {
        var kept = Held.Always(Look());
        _time.Advance(TimeSpan.FromSeconds(100));
        var withoutOne = IdleClockTests.Defaults.Where(s => s.Key != SysctlNames.TcpTimeoutEstablished).ToDictionary();
        var history = TimeoutHistory.Begin(new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = withoutOne }).Join(kept);
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(100));
            history = history.Add(Look());
        }

        // By the value before and after it has been idle for days; armed by another in the hole, for a few minutes only.
        Assert.InRange(Clock(history).Of(Held.Flow(Tcp, Established, 50_000)).LeastSeconds, 190u, 200u);
    }

    [Fact]
    public void What_waits_for_an_answer_is_not_judged_by_a_known_time_out_alone_where_its_own_could_not_be_read()
    {
        // Armed with 100 s in the hole while data was in flight: 250 s of 'unacknowledged' would make it idle for 200 s.
        var history = Held.Always(Look());
        _time.Advance(TimeSpan.FromSeconds(10));
        var withoutOne = IdleClockTests.Defaults.Where(s => s.Key != SysctlNames.TcpTimeoutEstablished).ToDictionary();
        history = history.Add(new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = withoutOne });
        _time.Advance(TimeSpan.FromSeconds(10));
        history = history.Add(Look());
        Assert.InRange(Clock(history).Of(Held.Flow(Tcp, Established, 80, tcpFlags: InFlight)).LeastSeconds, 0u, 20u);
        Assert.InRange(
            Clock(history).Of(Held.Flow(Tcp, Established, 80, FlowStatus.Confirmed)).LeastSeconds, 0u, 20u);
    }

    [Fact]
    public void What_is_known_only_until_some_time_may_be_anything_since()
    {
        // Of two processes the one that looked last may not have seen the setting at all.
        var seen = Held.Always(Look());
        var ended = seen with { Spans = [.. seen.Spans.Select(s => s with { IsOpen = false })] };
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(
            new IdleTime(0, IdleTime.NoBound),
            Clock(ended with { LastLook = MonotonicTime.Now(_time) }).Of(Held.Flow(Tcp, Established, 50_000)));
    }

    [Theory]
    [InlineData(998, true)]
    [InlineData(998.001, false)]
    [InlineData(997.5, true)]
    [InlineData(999, false)]
    public void What_is_to_be_idle_for_a_time_has_been_for_all_of_it(double seconds, bool matches)
    {
        // Armed 1,000 s ago, two of which may be rounding.
        var predicate = new FlowPredicate(
            new FlowFilter { Match = new FlowMatch { IdleFor = TimeSpan.FromSeconds(seconds) } }, Clock(Held.Always(Look())));
        Assert.Equal(matches, predicate.Matches(Held.Flow(Tcp, Established, 431_000)));
    }

    [Fact]
    public void While_a_setting_could_not_be_read_anything_may_have_been_armed_even_if_it_is_the_same_again()
    {
        // Known, not to be read at the second look, known again at the third: the second one may have hidden another value.
        var history = Held.Always(Look());
        _time.Advance(TimeSpan.FromSeconds(100));
        var withoutOne = IdleClockTests.Defaults.Where(s => s.Key != SysctlNames.TcpTimeoutEstablished).ToDictionary();
        history = history.Add(new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = withoutOne });
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(100));
            history = history.Add(Look());
        }

        // The third look was 200 s ago. By what was set before and after, this one has been idle for days.
        Assert.InRange(Clock(history).Of(Held.Flow(Tcp, Established, 50_000)).LeastSeconds, 190u, 200u);
        Assert.Equal(new IdleTime(8, 11), Clock(history).Of(Held.Flow(1, 0, 20)));
    }

    [Fact]
    public void Of_two_time_outs_for_unacknowledged_data_the_longer_one_may_still_be_what_was_armed()
    {
        var clock = Clock(Changed(
            SysctlNames.TcpTimeoutUnacknowledged, 280, 60, secondsAgo: 20, (SysctlNames.TcpTimeoutEstablished, 100)));

        // Ten seconds by the 60 that are set now, or fifty by the 100 of the state, which were the shorter ones then.
        Assert.Equal(new IdleTime(8, 51), clock.Of(Held.Flow(Tcp, Established, 50, tcpFlags: InFlight)));
    }

    [Fact]
    public void Data_that_counts_as_unacknowledged_only_since_a_packet_that_armed_nothing_leaves_what_was_armed_before()
    {
        // 900 s until 50 s ago, 700 since: by the 810 of retransmissions it would be idle for 111 s, and it spoke a second ago.
        var clock = Clock(Changed(
            SysctlNames.TcpTimeoutEstablished, 900, 700, secondsAgo: 50, (SysctlNames.TcpTimeoutMaxRetransmit, 810)));
        Assert.Equal(new IdleTime(0, 112), clock.Of(Held.Flow(Tcp, Established, 699, tcpFlags: InFlight)));

        // It makes nothing idle by itself, and nothing less certain that the usual time-outs explain.
        Assert.Equal(IdleTime.Unknown, Clock(Held.Always(Look())).Of(Held.Flow(Tcp, Established, 400_000, tcpFlags: InFlight)));
        Assert.Equal(new IdleTime(28, 561), clock.Of(Held.Flow(Tcp, Established, 250, tcpFlags: InFlight)));
    }

    [Fact]
    public void Unacknowledged_data_with_a_time_out_as_long_as_the_states_has_that()
    {
        var clock = Clock(Held.Always(Look((SysctlNames.TcpTimeoutEstablished, 280))));
        Assert.Equal(new IdleTime(78, 81), clock.Of(Held.Flow(Tcp, Established, 200, tcpFlags: InFlight)));
    }

    [Fact]
    public void Retransmissions_count_as_soon_as_one_value_of_the_states_time_out_is_longer()
    {
        // 200 s until 100 s ago: too few for 250 left. 432,000 s since: too many. So it was one of the two in between.
        var clock = Clock(Changed(SysctlNames.TcpTimeoutEstablished, 200, 432_000, secondsAgo: 100));
        Assert.Equal(new IdleTime(28, 51), clock.Of(Held.Flow(Tcp, Established, 250)));
    }

    [Fact]
    public void A_reset_arms_its_own_time_out_whatever_waits_for_an_acknowledgement()
    {
        var clock = Clock(Held.Always(Look((SysctlNames.TcpTimeoutClose, 100), (SysctlNames.TcpTimeoutUnacknowledged, 50))));
        Assert.Equal(new IdleTime(18, 21), clock.Of(Held.Flow(Tcp, Close, 80, tcpFlags: InFlight)));

        // In other states that are on their way to the end it does not: those are told by their own.
        Assert.Equal(new IdleTime(114, 117), Clock(Held.Always(Look())).Of(Held.Flow(Tcp, TimeWait, 4, tcpFlags: InFlight)));
    }

    [Fact]
    public void Flow_tables_take_TCP_and_UDP_and_nothing_else()
    {
        var clock = Clock(Held.Always(Look() with { HasFlowTables = true }));
        Assert.Equal(0u, clock.Of(Held.Flow(Udp, 0, 20, FlowStatus.SeenReply)).LeastSeconds);
        Assert.Equal(0u, clock.Of(Held.Flow(Tcp, Established, 50_000)).LeastSeconds);
        Assert.Equal(new IdleTime(8, 11), clock.Of(Held.Flow(1, 0, 20)));
    }

    [Fact]
    public void A_GRE_tunnel_that_is_older_than_a_change_still_goes_by_what_it_began_with()
    {
        var clock = Clock(Changed(SysctlNames.GreTimeoutStream, 180, 60, secondsAgo: 1000));
        Assert.Equal(new IdleTime(78, 81), clock.Of(Held.Flow(Gre, 0, 100)));

        // Without an answer so far, or with one by either value.
        Assert.Equal(new IdleTime(8, 161), clock.Of(Held.Flow(Gre, 0, 20)));
        var unanswered = Clock(Changed(SysctlNames.GreTimeout, 100, 30, secondsAgo: 1000));
        Assert.Equal(new IdleTime(18, 101), unanswered.Of(Held.Flow(Gre, 0, 80)));
    }

    [Fact]
    public void A_long_reading_goes_by_the_time_of_some_hundred_entries_ago()
    {
        var history = TimeoutHistory.Begin(Look());
        _time.Advance(TimeSpan.FromSeconds(890));
        var clock = Clock(history);
        var flow = Held.Flow(Tcp, Established, 400_000);
        for (var i = 0; i < 2560; i++)
        {
            if (i % 128 == 0)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            _ = clock.Of(flow);
        }

        // Before the first look, 910 s ago, anything may have been armed. The kernel filled the datagram that holds this entry when another
        // one some hundred entries ago was looked at, which was seconds ago: so long the least has to stay behind.
        for (var i = 0; i < 10; i++)
        {
            Assert.InRange(clock.Of(flow).LeastSeconds, 890u, 903u);
        }

        for (var i = 0; i < 2560; i++)
        {
            _ = clock.Of(flow);
        }

        Assert.Equal(907u, clock.Of(flow).LeastSeconds);
    }

    [Fact]
    public void A_table_that_is_read_in_no_time_gives_its_last_entry_the_idle_time_of_its_first()
    {
        var history = TimeoutHistory.Begin(Look());
        _time.Advance(TimeSpan.FromSeconds(600));
        var clock = Clock(history);
        Assert.Equal(
            [597u],
            Enumerable.Range(0, 5000).Select(_ => clock.Of(Held.Flow(Tcp, Established, 400_000)).LeastSeconds).Distinct());
    }

    [Fact]
    public void A_connection_that_nobody_has_answered_yet_is_not_cut_short_by_what_unacknowledged_data_gets()
    {
        var look = Look((SysctlNames.TcpTimeoutSynSent, 400));
        Assert.Equal(TimeSpan.FromSeconds(400), look.For("tcp", "SYN_SENT", unreplied: true));
        Assert.Equal(TimeSpan.FromSeconds(280), look.For("tcp", "ESTABLISHED", unreplied: true));
    }

    private IdleClock Clock(TimeoutHistory history, bool assumeHeld = false) => new(history, _time, assumeHeld);

    /// <summary>A setting that had one value ever since the boot and has had another for so long.</summary>
    private TimeoutHistory Changed(string key, long before, long after, int secondsAgo, params (string Key, long Seconds)[] others)
    {
        var history = Held.Always(Look([.. others, (key, before)])).Add(Look([.. others, (key, after)]));
        for (var left = secondsAgo; left > 0; left -= 600)
        {
            _time.Advance(TimeSpan.FromSeconds(Math.Min(left, 600)));
            history = history.Add(Look([.. others, (key, after)]));
        }

        return history;
    }

    private ConfiguredTimeouts Look(params (string Key, long Seconds)[] settings)
    {
        var sysctls = new Dictionary<string, long>(IdleClockTests.Defaults);
        foreach (var (key, seconds) in settings)
        {
            sysctls[key] = seconds;
        }

        return new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = sysctls };
    }
}
