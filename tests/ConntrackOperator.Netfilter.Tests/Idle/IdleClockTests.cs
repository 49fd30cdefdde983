using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sysctls;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Idle;

public sealed class IdleClockTests
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte Gre = 47;
    private const byte Established = 3;
    private const byte InFlight = 0x10;

    internal static IReadOnlyDictionary<string, long> Defaults { get; } = new Dictionary<string, long>
    {
        [SysctlNames.TcpTimeoutSynSent] = 120,
        [SysctlNames.TcpTimeoutSynReceived] = 60,
        [SysctlNames.TcpTimeoutEstablished] = 432_000,
        [SysctlNames.TcpTimeoutTimeWait] = 120,
        [SysctlNames.TcpTimeoutClose] = 10,
        [SysctlNames.TcpTimeoutMaxRetransmit] = 300,
        [SysctlNames.TcpTimeoutUnacknowledged] = 280,
        [SysctlNames.UdpTimeout] = 30,
        [SysctlNames.UdpTimeoutStream] = 120,
        [SysctlNames.GreTimeout] = 30,
        [SysctlNames.GreTimeoutStream] = 180,
        [SysctlNames.IcmpTimeout] = 30,
        [SysctlNames.GenericTimeout] = 600,
    };

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20));

    // Two seconds below, one above: rounding, and late ticks.
    [Theory]
    [InlineData(Established, 431_000, 0, 998, 1001)]
    [InlineData(Established, 299, 0, 0, 431_702)]
    [InlineData(Established, 270, 0, 8, 431_731)]
    [InlineData(Established, 270, InFlight, 8, 31)]
    [InlineData(Established, 5, InFlight, 3, 296)]
    [InlineData(Established, 5, 0, 3, 431_996)]
    [InlineData(7, 100, 0, 18, 21)]
    [InlineData(7, 100, InFlight, 18, 21)]
    [InlineData(8, 4, InFlight, 4, 7)]
    [InlineData(1, 20, 0, 0, 101)]
    [InlineData(2, 20, 0, 0, 41)]
    public void TCP_may_have_armed_less_than_its_states_time_out(byte state, uint left, byte flags, uint least, uint most) =>
        Assert.Equal(new IdleTime(least, most), Held.Clock(Defaults).Of(Held.Flow(Tcp, state, left, tcpFlags: flags)));

    [Fact]
    public void A_reading_that_was_held_up_does_not_go_by_the_time_at_which_it_began()
    {
        // 790 s were configured until a second ago, 772 s are now. Before the first entry is looked at, six seconds pass.
        var until = MonotonicTime.Now(_time) - TimeSpan.FromSeconds(1);
        var before = new ConfiguredTimeouts
        {
            At = until,
            Sysctls = new Dictionary<string, long>(Defaults) { [SysctlNames.TcpTimeoutEstablished] = 790 },
        };
        var after = new ConfiguredTimeouts
        {
            At = MonotonicTime.Now(_time),
            Sysctls = new Dictionary<string, long>(Defaults) { [SysctlNames.TcpTimeoutEstablished] = 772 },
        };
        var clock = new IdleClock(Held.Always(before).Add(after), _time);
        _time.Advance(TimeSpan.FromSeconds(6));
        Thread.Sleep(150);

        // Armed with 772 s at the moment of the second look.
        Assert.Equal(4u, clock.Of(Held.Flow(Tcp, Established, 766)).LeastSeconds);
    }

    [Fact]
    public void Without_flags_either_may_be()
    {
        var clock = Held.Clock(Defaults);
        Assert.Equal(new IdleTime(8, 431_731), clock.Of(Held.Flow(Tcp, Established, 270, tcpFlags: null)));
    }

    [Fact]
    public void A_connection_picked_up_without_an_answer_has_the_time_out_of_unacknowledged_data() =>
        Assert.Equal(new IdleTime(78, 101), Held.Clock(Defaults).Of(Held.Flow(Tcp, Established, 200, FlowStatus.None)));

    [Theory]
    [InlineData(Udp, 20, FlowStatus.SeenReply, 8, 11)]
    [InlineData(Udp, 20, FlowStatus.SeenReply | FlowStatus.Assured, 8, 101)]
    [InlineData(Udp, 100, FlowStatus.SeenReply | FlowStatus.Assured, 18, 21)]
    [InlineData(1, 20, FlowStatus.SeenReply, 8, 11)]
    [InlineData(89, 100, FlowStatus.None, 498, 501)]
    public void Other_protocols_have_few(byte protocol, uint left, FlowStatus status, uint least, uint most) =>
        Assert.Equal(new IdleTime(least, most), Held.Clock(Defaults).Of(Held.Flow(protocol, 0, left, status)));

    [Fact]
    public void Nothing_is_told_where_nothing_can_be()
    {
        var clock = Held.Clock(Defaults);
        Assert.False(clock.Of(Held.Flow(Tcp, Established, 432_001)).IsKnown);
        Assert.False(clock.Of(Held.Flow(Tcp, Established, 1000, FlowStatus.SeenReply | FlowStatus.FixedTimeout)).IsKnown);
        Assert.False(clock.Of(Held.Flow(Tcp, Established, 1000, FlowStatus.SeenReply | FlowStatus.Offload)).IsKnown);
        Assert.False(clock.Of(Held.Flow(Gre, 0, 100, FlowStatus.SeenReply | FlowStatus.Expected)).IsKnown);
        var helped = Held.Flow(Udp, 0, 20);
        helped.Fields |= FlowFields.Helper;
        Assert.False(clock.Of(helped).IsKnown);
        var offloaded = Held.Flow(Tcp, Established, 0);
        offloaded.Fields &= ~FlowFields.Timeout;
        Assert.False(clock.Of(offloaded).IsKnown);
        Assert.False(Held.Clock(new Dictionary<string, long>()).Of(Held.Flow(Tcp, Established, 1)).IsKnown);
    }

    [Fact]
    public void Where_nobody_looked_anything_may_have_been_armed()
    {
        var history = TimeoutHistory.Begin(Look(432_000));
        _time.Advance(TimeSpan.FromSeconds(100));
        history = history.Add(Look(432_000));

        // Idle for an hour, or armed with something else 100 seconds ago or before.
        var flow = Held.Flow(Tcp, Established, 428_400);
        Assert.Equal(new IdleTime(97, IdleTime.NoBound), new IdleClock(history, _time).Of(flow));
        Assert.Equal(new IdleTime(3598, 3601), new IdleClock(history, _time, assumeHeld: true).Of(flow));

        // Armed since then, and that is certain.
        Assert.Equal(48u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 431_950)).LeastSeconds);
    }

    [Fact]
    public void A_raised_time_out_does_not_make_a_connection_idle()
    {
        var history = Watched(600, days: 5);
        history = history.Add(Look(432_000));

        // It spoke five seconds ago. Armed from the new value it would have done so long before that was set.
        Assert.Equal(new IdleTime(3, 6), new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 595)) with { MostSeconds = 6 });
        _time.Advance(TimeSpan.FromSeconds(100));
        history = history.Add(Look(432_000));
        Assert.Equal(103u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 495)).LeastSeconds);
        Assert.Equal(8u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 431_990)).LeastSeconds);
    }

    [Fact]
    public void A_lowered_time_out_leaves_the_idle_ones_idle()
    {
        var history = Watched(432_000, days: 5);
        history = history.Add(Look(7200));
        _time.Advance(TimeSpan.FromSeconds(10));
        history = history.Add(Look(7200));
        var clock = new IdleClock(history, _time);
        Assert.Equal(31_998u, clock.Of(Held.Flow(Tcp, Established, 400_000)).LeastSeconds);

        // Few seconds left: armed by the old one days ago. By the new one it would have been two hours before there was one.
        Assert.Equal(429_998u, clock.Of(Held.Flow(Tcp, Established, 2000)).LeastSeconds);
        Assert.Equal(3u, clock.Of(Held.Flow(Tcp, Established, 7195)).LeastSeconds);
    }

    [Fact]
    public void A_time_in_which_nobody_looked_is_a_time_of_which_nothing_is_known()
    {
        var history = Watched(432_000, days: 1);
        _time.Advance(TimeoutHistory.MaxGap + TimeSpan.FromMinutes(1));
        history = history.Add(Look(432_000));
        Assert.Equal(0u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 400_000)).LeastSeconds);
        _time.Advance(TimeSpan.FromMinutes(10));
        history = history.Add(Look(432_000));
        Assert.Equal(597u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 400_000)).LeastSeconds);
        Assert.Equal(TimeSpan.FromMinutes(10), new IdleClock(history, _time).WatchedFor);
    }

    [Fact]
    public void Objects_flow_tables_and_what_could_not_be_understood_or_listed_are_reckoned_with()
    {
        var history = Watched(432_000, days: 5);
        var flow = Held.Flow(Tcp, Established, 50_000);
        Assert.Equal(381_998u, new IdleClock(history, _time).Of(flow).LeastSeconds);
        uint Least(ConfiguredTimeouts look) => new IdleClock(history.Add(look), _time).Of(Held.Flow(Tcp, Established, 50_000)).LeastSeconds;

        Assert.Equal(0u, Least(Look(432_000) with { Objects = [(SysctlNames.TcpTimeoutEstablished, 50_001)] }));
        Assert.Equal(0u, Least(Look(432_000) with { UnclearProtocols = [Tcp] }));
        Assert.Equal(0u, Least(Look(432_000) with { HasFlowTables = true }));
        Assert.Equal(0u, Least(Look(432_000) with { ObjectsListed = false }));
        Assert.Equal(381_998u, Least(Look(432_000) with { UnclearProtocols = [Udp] }));

        // What a flow table forwarded for hours has as much left as when that began, be it more than a day.
        Assert.Equal(
            0u,
            new IdleClock(history.Add(Look(432_000) with { HasFlowTables = true }), _time)
                .Of(Held.Flow(Tcp, Established, 300_000)).LeastSeconds);
    }

    [Fact]
    public void What_is_not_understood_of_the_object_for_all_other_protocols_makes_each_of_them_unclear()
    {
        // A time-out object of protocol 255 governs whatever has no tracker of its own (xt_ct_set_timeout, nf_ct_l4proto_find).
        var history = Watched(432_000, days: 5).Add(Look(432_000) with { UnclearProtocols = [255] });
        Assert.Equal(0u, new IdleClock(history, _time).Of(Held.Flow(89, 0, 100, FlowStatus.None)).LeastSeconds);
        Assert.Equal(8u, new IdleClock(history, _time).Of(Held.Flow(Udp, 0, 20, FlowStatus.SeenReply)).LeastSeconds);
        Assert.Equal(8u, new IdleClock(history, _time).Of(Held.Flow(1, 0, 20)).LeastSeconds);
    }

    [Fact]
    public void A_setting_that_can_not_be_read_any_more_may_be_anything_since_then()
    {
        var history = Held.Always(Look(432_000));
        _time.Advance(TimeSpan.FromSeconds(100));
        history = history.Add(new ConfiguredTimeouts { At = MonotonicTime.Now(_time), Sysctls = new Dictionary<string, long>() });
        Assert.Equal(0u, new IdleClock(history, _time).Of(Held.Flow(Tcp, Established, 400_000)).LeastSeconds);
    }

    [Theory]
    [InlineData(1, 5, 0, 6)]
    [InlineData(2, 1, 0, 30)]
    [InlineData(3, 1, 10, 13)]
    [InlineData(4, 100, 108, 111)]
    [InlineData(8, 20, 0, 11)]
    public void SCTP_repeats_what_opens_a_connection_without_renewing_its_time_out(byte state, uint left, uint least, uint most)
    {
        var clock = Held.Clock(new Dictionary<string, long>
        {
            [SysctlNames.SctpTimeoutClosed] = 10,
            [SysctlNames.SctpTimeoutCookieWait] = 30,
            [SysctlNames.SctpTimeoutCookieEchoed] = 13,
            [SysctlNames.SctpTimeoutEstablished] = 210,
            [SysctlNames.SctpTimeoutHeartbeatSent] = 30,
        });
        Assert.Equal(new IdleTime(least, most), clock.Of(Held.Flow(132, state, left, tcpFlags: null)));
    }

    [Fact]
    public void A_simultaneous_open_has_a_time_out_that_only_an_object_changes()
    {
        Assert.Equal(new IdleTime(0, 21), Held.Clock(Defaults).Of(Held.Flow(Tcp, 9, 100)));
        var history = Watched(432_000, days: 5).Add(Look(432_000) with { Objects = [(TimeoutKeys.TcpSynSent2, 500)] });
        _time.Advance(TimeSpan.FromMinutes(10));
        history = history.Add(Look(432_000) with { Objects = [(TimeoutKeys.TcpSynSent2, 500)] });
        Assert.Equal(401u, new IdleClock(history, _time, assumeHeld: true).Of(Held.Flow(Tcp, 9, 100)).MostSeconds);
    }

    [Fact]
    public void GRE_keeps_what_was_configured_when_it_began()
    {
        var history = Watched(432_000, days: 5);
        Assert.Equal(0u, new IdleClock(history, _time).Of(Held.Flow(Gre, 0, 100)).LeastSeconds);
        Assert.Equal(new IdleTime(78, 81), new IdleClock(history, _time, assumeHeld: true).Of(Held.Flow(Gre, 0, 100)));
    }

    private TimeoutHistory Watched(long established, int days)
    {
        var history = TimeoutHistory.Begin(Look(established));
        for (var i = 0; i < days * 24 * 6; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(10));
            history = history.Add(Look(established));
        }

        return history;
    }

    private ConfiguredTimeouts Look(long established) => new()
    {
        At = MonotonicTime.Now(_time),
        Sysctls = new Dictionary<string, long>(Defaults) { [SysctlNames.TcpTimeoutEstablished] = established },
    };
}
