using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>
/// Time-outs that somebody else changes when nobody looks: between two processes, between two listings, and while a flush runs. Real
/// packets, on a real kernel.
/// </summary>
[Collection(MachineCollection.Name)]
public sealed class UnseenChangesTests
{
    private const int Each = 6;
    private const int Port = 5353;
    private const int Long = 600;
    private const int Short = 60;

    private static readonly FlowMatch _udp = new() { Protocol = 17, DestinationPort = Port };

    [Fact]
    public void A_flush_after_a_change_between_two_processes_takes_nothing_that_spoke_since_the_change()
    {
        using var table = Table.Make();
        var store = new Store();
        table.LookAMinuteAgo(store);
        table.Set(Short);
        table.Speak(0, Each);
        table.WaitUntilIdle(Each, seconds: 6, Short);
        var result = table.Delete(new TimeoutWatch(table.Sysctls, store: store), TimeSpan.FromSeconds(20));
        Assert.Equal((0L, (long)Each), (result.Deleted, table.Count()));
    }

    [Fact]
    public void A_flush_after_a_time_out_object_was_made_between_two_listings_takes_nothing_that_spoke_since()
    {
        using var table = Table.Make();
        var store = new Store();
        table.LookAMinuteAgo(store);
        var watch = new TimeoutWatch(table.Sysctls, store: store);
        table.Space.Run(watch.Glance);
        table.MakeObject();
        table.Speak(0, Each);
        table.WaitUntilIdle(Each, seconds: 6, Short);

        // It lists nothing as yet: half a minute has not passed since the first, on a machine that goes on at all.
        table.Space.Run(watch.Glance);
        var result = table.Delete(watch, TimeSpan.FromSeconds(20));
        Assert.Equal((0L, (long)Each), (result.Deleted, table.Count()));
    }

    [Theory]
    [InlineData(Change.Sysctl, Moment.Reading)]
    [InlineData(Change.Sysctl, Moment.AskingAgain)]
    [InlineData(Change.Object, Moment.Reading)]
    public void A_flush_in_which_a_time_out_is_lowered_takes_what_is_idle_and_nothing_that_spoke_since(Change change, Moment moment)
    {
        using var table = Table.Make();
        var watch = new TimeoutWatch(table.Sysctls);
        table.Space.Run(watch.Look);

        // Objects apply to connections that are new.
        var silent = change == Change.Object ? Each : 2 * Each;
        table.Speak(0, silent);
        table.WaitUntilIdle(silent, seconds: 6, Long);
        var meddled = false;
        var result = table.Space.Run(() => new FlowDeleter(
            () => new Meddling(NetlinkSocket.Open(), moment, () =>
            {
                if (meddled)
                {
                    return;
                }

                meddled = true;
                if (change == Change.Object)
                {
                    table.MakeObjectHere();
                }
                else
                {
                    table.SetHere(Short);
                }

                table.SpeakHere(Each, Each);
            }), table.Sysctls, null, watch).Delete(Idle(TimeSpan.FromSeconds(3)) with { TimeoutsHeld = true }, dryRun: false));
        Assert.True(meddled);
        Assert.Equal((2L * Each, (long)Each, (long)Each), (result.Matched, result.Deleted, result.Kept));
        Assert.Equal(Each, table.Count());
    }

    /// <summary>Which time-out is changed, and how.</summary>
    public enum Change
    {
        Sysctl,
        Object,
    }

    /// <summary>When.</summary>
    public enum Moment
    {
        Reading,
        AskingAgain,
    }

    // A network is nothing that the kernel decides by itself, and neither is idle time.
    private static FlowMatch Idle(TimeSpan time) => _udp with { IdleFor = time };

    private sealed class Table : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        internal NetworkNamespace Space { get; } = new();

        internal SysctlDirectory Sysctls { get; } = new();

        internal static Table Make()
        {
            NetworkNamespace.Require("ip", "nft");
            var table = new Table();
            table.Space.TrackLoopback();
            table.Space.Run(() =>
            {
                table.SetHere(Long);
                for (var i = 0; i <= 2 * Each; i++)
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                    socket.Bind(new IPEndPoint(IPAddress.Loopback, i == 0 ? Port : 40_000 + i));
                    table._sockets.Add(socket);
                }
            });
            return table;
        }

        /// <summary>Another process looked, a minute ago: time-outs that are a minute old are known.</summary>
        internal void LookAMinuteAgo(Store store) => Space.Run(() =>
        {
            var look = ConfiguredTimeouts.Read(Sysctls, TimeProvider.System);
            var at = look.At - TimeSpan.FromMinutes(1);
            store.Keep(TimeoutHistory.Begin(look with { At = at, ReadFrom = at, ListedFrom = at }));
        });

        internal void Set(int seconds) => Space.Run(() => SetHere(seconds));

        internal void SetHere(int seconds)
        {
            Assert.Equal(SysctlStatus.Ok, Sysctls.Write(SysctlNames.UdpTimeout, seconds).Status);
            Assert.Equal(SysctlStatus.Ok, Sysctls.Write(SysctlNames.UdpTimeoutStream, seconds).Status);
        }

        internal void MakeObject() => Space.Run(MakeObjectHere);

        internal void MakeObjectHere() => Space.ExecuteHere("nft", "-f -", $$"""
            table ip unseen {
              ct timeout object { protocol udp; l3proto ip; policy = { unreplied: {{Short}}, replied: {{Short}} }; }
              chain output { type filter hook output priority -150; udp dport {{Port}} ct timeout set "object"; }
            }
            """);

        internal void Speak(int from, int count) => Space.Run(() => SpeakHere(from, count));

        internal void SpeakHere(int from, int count)
        {
            foreach (var socket in _sockets.Skip(1 + from).Take(count))
            {
                socket.SendTo("x"u8, new IPEndPoint(IPAddress.Loopback, Port));
            }
        }

        /// <summary>Waits until so many entries have so many seconds less left than what they began with.</summary>
        internal void WaitUntilIdle(int count, int seconds, int armed)
        {
            List<uint> left = [];
            SpinWait.SpinUntil(
                () =>
                {
                    Thread.Sleep(100);
                    left = Left();
                    return left.Count == count && left.TrueForAll(l => l <= armed - seconds);
                },
                TimeSpan.FromSeconds(60));
            Assert.Equal(count, left.Count);
            Assert.All(left, l => Assert.InRange(l, armed - 19u, (uint)(armed - seconds)));
        }

        internal DeleteResult Delete(TimeoutWatch watch, TimeSpan idleFor) =>
            Space.Run(() => new FlowDeleter(Sysctls, timeouts: watch).Delete(Idle(idleFor), dryRun: false));

        internal long Count() => Left().Count;

        public void Dispose()
        {
            _sockets.ForEach(s => s.Dispose());
            Space.Dispose();
        }

        private List<uint> Left() => Space.Run(() =>
        {
            List<uint> left = [];
            new FlowReader(FlowSource.Ctnetlink).Read(new FlowFilter { Match = _udp }, (in Flow flow) =>
            {
                left.Add(flow.TimeoutSeconds);
                return true;
            });
            return left;
        });
    }

    private sealed class Store : ITimeoutStore
    {
        private TimeoutHistory? _kept;

        public TimeoutHistory Keep(TimeoutHistory seen) => _kept = _kept is null ? seen : seen.Join(_kept);
    }

    /// <summary>Lets something happen right before the table is read, or before what was read too long ago is asked for again.</summary>
    private sealed class Meddling(INetlinkTransport inner, Moment moment, Action meddle) : INetlinkTransport
    {
        public uint PortId => inner.PortId;

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var isDump = (BitConverter.ToUInt16(datagram[6..]) & Nl.NLM_F_DUMP) == Nl.NLM_F_DUMP;
            if (moment == Moment.Reading == isDump)
            {
                meddle();
            }

            inner.Send(datagram);
        }

        public int Receive(Span<byte> buffer)
        {
            var length = inner.Receive(buffer);
            if (moment == Moment.AskingAgain)
            {
                Thread.Sleep(20);
            }

            return length;
        }

        public int TryReceive(Span<byte> buffer) => inner.TryReceive(buffer);

        public void Dispose() => inner.Dispose();
    }
}
