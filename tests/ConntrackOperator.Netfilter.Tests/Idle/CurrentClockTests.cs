using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>When a clock that was made for a deletion has to be another one.</summary>
public sealed class CurrentClockTests : IDisposable
{
    private const string Key = SysctlNames.UdpTimeout;
    private const byte Udp = 17;

    private readonly TestTree.Temporary _tree = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1));
    private readonly List<PlayedLists> _opened = [];
    private byte[][] _lists = [[], [], []];

    public CurrentClockTests() => Set(600);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void While_nothing_changes_it_is_the_same_and_asks_over_one_socket()
    {
        using var clock = Follow();
        var first = clock.Clock;
        Assert.Equal(3, _opened.Count);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(clock.Holds());
        }

        Assert.Same(first, clock.Clock);
        Assert.Equal((4, 15), (_opened.Count, _opened[^1].Asked));
    }

    [Fact]
    public void A_time_out_that_was_changed_makes_another_that_knows_both()
    {
        using var clock = Follow();
        _time.Advance(TimeSpan.FromSeconds(10));
        Set(60);
        Assert.Equal(538u, clock.Clock.Of(Held.Flow(Udp, 0, 60, FlowStatus.SeenReply)).LeastSeconds);
        Assert.False(clock.Holds());

        // The one that has 60 s left may have spoken just now; the one with 500 did not.
        Assert.Equal(0u, clock.Clock.Of(Held.Flow(Udp, 0, 60, FlowStatus.SeenReply)).LeastSeconds);
        Assert.Equal(98u, clock.Clock.Of(Held.Flow(Udp, 0, 500, FlowStatus.SeenReply)).LeastSeconds);
        Assert.True(clock.Holds());
    }

    [Fact]
    public void A_value_that_is_back_is_compared_with_what_the_clock_knows_and_not_with_an_earlier_look()
    {
        using var clock = Follow();
        Assert.True(clock.Holds());
        Set(60);
        Assert.False(clock.Holds());
        Set(600);
        Assert.False(clock.Holds());
        Assert.True(clock.Holds());
    }

    [Fact]
    public void A_time_out_that_can_not_be_read_any_more_makes_another()
    {
        using var clock = Follow();
        Assert.True(clock.Holds());
        Set("none");
        Assert.False(clock.Holds());
        Assert.True(clock.Holds());
    }

    [Fact]
    public void An_object_or_flow_table_that_came_makes_another_and_one_that_went_does_not()
    {
        _lists = [[], [], []];
        using var clock = Follow();
        _lists[2] = FakeTransport.Message(
            (Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | Cttimeout.NFT_MSG_NEWFLOWTABLE, [2, 0, 0, 0], flags: Nl.NLM_F_MULTI);
        Assert.False(clock.Holds());
        Assert.True(clock.Clock.History.Current!.HasFlowTables);
        Assert.True(clock.Holds());
        _lists[2] = [];
        Assert.True(clock.Holds());

        _lists[0] = UdpObject(20);
        Assert.False(clock.Holds());
        Assert.Equal((Key, 20L), Assert.Single(clock.Clock.History.Current!.Objects));
        _lists[0] = UdpObject(30);
        Assert.False(clock.Holds());
        _lists[0] = [];
        Assert.True(clock.Holds());
    }

    [Fact]
    public void After_a_failure_it_asks_over_another_socket_and_closes_all_in_the_end()
    {
        using (var clock = Follow())
        {
            Assert.True(clock.Holds());
            _opened[^1].Fails = true;
            Assert.False(clock.Holds());
            Assert.True(clock.Holds());
        }

        Assert.All(_opened, o => Assert.True(o.Disposed));
    }

    [Fact]
    public void Amid_a_reading_the_next_clock_goes_by_when_the_one_before_it_began()
    {
        // What comes next may have been read by the kernel before the new clock was made: then 60 s had not been given up. By an object
        // 600 s may have been armed at any time.
        var history = Held.Always(Look(60));
        var before = new IdleClock(history, _time);
        _time.Advance(TimeSpan.FromSeconds(20));
        history = history.Add(Look(600));
        _time.Advance(TimeSpan.FromSeconds(20));
        var flow = Held.Flow(Udp, 0, 58, FlowStatus.SeenReply);
        Assert.Equal(540u, new IdleClock(history, _time).Of(flow).LeastSeconds);

        // For eight looks at the clock, of 128 entries each.
        var clock = new IdleClock(history, _time).ReadingOnFrom(before);
        for (var i = 1; i < 8 * 128; i++)
        {
            Assert.Equal(0u, clock.Of(flow).LeastSeconds);
        }

        for (var i = 0; i < 128; i++)
        {
            clock.Of(flow);
        }

        Assert.Equal(540u, clock.Of(flow).LeastSeconds);
    }

    private CurrentClock Follow() => new TimeoutWatch(new SysctlDirectory(_tree.Root), _time, null, Open).Follow(assumeHeld: true);

    private ConfiguredTimeouts Look(long seconds) =>
        new() { At = MonotonicTime.Now(_time), Sysctls = new Dictionary<string, long> { [Key] = seconds }, Objects = [(Key, 600)] };

    private PlayedLists Open()
    {
        _opened.Add(new PlayedLists(this));
        return _opened[^1];
    }

    private void Set(object value) => _tree.File(Key, $"{value}\n");

    private static byte[] UdpObject(byte seconds) => FakeTransport.Message(
        Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8,
        [
            2, 0, 0, 0, .. FakeTransport.Attribute(Cttimeout.CTA_TIMEOUT_L4PROTO, [Udp]),
            .. FakeTransport.Attribute(
                Cttimeout.CTA_TIMEOUT_DATA | Nl.NLA_F_NESTED, FakeTransport.Attribute(1, [0, 0, 0, seconds])),
        ],
        flags: Nl.NLM_F_MULTI);

    /// <summary>Answers each question with the list of that kind as it is.</summary>
    private sealed class PlayedLists(CurrentClockTests test) : INetlinkTransport
    {
        private byte[] _answer = [];

        public uint PortId => FakeTransport.Port;

        internal int Asked { get; private set; }

        internal bool Fails { get; set; }

        internal bool Disposed { get; private set; }

        public void Send(ReadOnlySpan<byte> datagram)
        {
            Asked++;
            var list = BitConverter.ToUInt16(datagram[4..]) switch
            {
                (Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8) | Cttimeout.IPCTNL_MSG_TIMEOUT_GET => 0,
                (Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | Cttimeout.NFT_MSG_GETOBJ => 1,
                _ => 2,
            };
            _answer = [.. test._lists[list], .. FakeTransport.Done()];
        }

        public int Receive(Span<byte> buffer)
        {
            if (Fails)
            {
                throw new NetlinkException("receive a netlink answer", Errno.ETIMEDOUT);
            }

            _answer.CopyTo(buffer);
            return _answer.Length;
        }

        public int TryReceive(Span<byte> buffer) => throw new NotSupportedException();

        public void Dispose() => Disposed = true;
    }
}
