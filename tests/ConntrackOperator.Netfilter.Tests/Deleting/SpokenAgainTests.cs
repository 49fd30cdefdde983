using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

/// <summary>Real packets between the reading of an entry and its deletion.</summary>
[Collection(MachineCollection.Name)]
public sealed class SpokenAgainTests : MachineTest
{
    private const int Connections = 12;

    // A network, which the kernel can't decide: with the port it would send these connections alone, and there would be no time amid them.
    private static readonly FlowMatch _idle = new()
    {
        Protocol = 17,
        Destination = new FlowNetwork(FlowAddress.V4(0x7F000000), 8),
        IdleFor = TimeSpan.FromSeconds(3),
        TimeoutsHeld = true,
    };

    [Fact]
    public void A_connection_that_spoke_between_the_reading_and_the_deletion_stays()
    {
        NetworkNamespace.Require("conntrack", "ip", "nft");
        using var space = new NetworkNamespace();
        using var peers = space.Run(() => new Peers());
        space.TrackLoopback();
        LetThemBeIdle(space, peers);

        // What the dump says was read before they speak; they speak before it is acted upon.
        var result = space.Run(() => new FlowDeleter(
            () => new SlowTransport(NetlinkSocket.Open(), () =>
            {
                peers.Speak();
                Thread.Sleep(20);
            }), null, null).Delete(_idle, dryRun: false));
        Assert.Equal((Connections, 0, Connections), ((int)result.Matched, (int)result.Deleted, (int)result.Kept));
        Assert.Equal(Connections, Alive(space));
    }

    [Fact]
    public void Connections_that_speak_while_a_large_table_is_flushed_are_not_cut_after_they_spoke()
    {
        NetworkNamespace.Require("conntrack", "ip", "nft");
        using var space = new NetworkNamespace();
        using var peers = space.Run(() => new Peers());
        space.TrackLoopback();
        Entries.Load(space, 60_000);
        LetThemBeIdle(space, peers);

        // Two looks: what is idle goes at the first unless it has spoken by then, and has an entry again once it speaks. So
        // an entry that is missing in the end was deleted after its connection had spoken. Less than 2 ms after it that may
        // happen, so what is at hand when they speak is made older than that.
        var looks = 0;
        var result = space.Run(() => new FlowDeleter(
            () => new SlowTransport(NetlinkSocket.Open(), () =>
            {
                if (++looks == 20)
                {
                    peers.Speak();
                    Thread.Sleep(20);
                }
            }), null, null).Delete(_idle, dryRun: false));
        Assert.True(looks > 40, $"the table was read in {looks} steps: the connections did not speak amid them");
        Assert.Equal(Connections, (int)(result.Deleted + result.Kept) + (Connections - (int)result.Matched));
        Assert.Equal(Connections, Alive(space));
    }

    [Fact]
    public void A_connection_opened_again_from_the_same_port_often_has_the_same_id_and_its_start_tells_them_apart()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        const string Entry = "-p tcp -s 10.0.0.1 -d 192.0.2.1 --sport 1024 --dport 443 --state TIME_WAIT -t 600 -u ASSURED,SEEN_REPLY";
        Assert.Equal(SysctlStatus.Ok, space.Run(() => new SysctlDirectory().Write(SysctlNames.Timestamp, 1)).Status);
        var sameId = 0;
        for (var i = 0; i < 30; i++)
        {
            space.Execute("conntrack", "-I " + Entry);
            var reopened = false;
            var first = Identity(space);
            var result = space.Run(() => new FlowDeleter(
                () => new SlowTransport(NetlinkSocket.Open(), () =>
                {
                    if (!reopened)
                    {
                        reopened = true;
                        space.ExecuteHere("conntrack", "-D -s 10.0.0.1");
                        space.ExecuteHere("conntrack", "-I " + Entry);
                    }
                }), null, null).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false));
            var second = Identity(space);
            Assert.Equal((1L, 0L, 1L), (result.Matched, result.Deleted, result.Gone));
            Assert.NotEqual(first.Start, second.Start);
            sameId += first.Id == second.Id ? 1 : 0;
            space.Execute("conntrack", "-F");
        }

        Assert.True(sameId > 0, "the kernel gave each of 30 entries that were made again another id: this shows nothing");
    }

    private static void LetThemBeIdle(NetworkNamespace space, Peers peers)
    {
        space.Run(peers.Speak);
        Assert.Equal(Connections, Alive(space));
        var idle = new FlowFilter { Match = _idle };
        SpinWait.SpinUntil(() => Count(space, idle) == Connections, TimeSpan.FromSeconds(90));
        Assert.Equal(Connections, Count(space, idle));
    }

    private static int Alive(NetworkNamespace space) => Count(space, new FlowFilter { Match = _idle with { IdleFor = null } });

    private static int Count(NetworkNamespace space, FlowFilter filter) => space.Run(() =>
    {
        var count = 0;
        new FlowReader().Read(filter, (in Flow _) =>
        {
            count++;
            return true;
        });
        return count;
    });

    private static (uint Id, ulong Start) Identity(NetworkNamespace space) => space.Run(() =>
    {
        (uint, ulong) found = default;
        new FlowReader().Read(FlowFilter.All, (in Flow flow) =>
        {
            found = (flow.Id, flow.StartNanoseconds);
            return true;
        });
        return found;
    });

    /// <summary>UDP connections over loopback; whoever runs it must be in the namespace.</summary>
    private sealed class Peers : IDisposable
    {
        private readonly List<Socket> _all = [];

        internal Peers()
        {
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            server.Bind(new IPEndPoint(IPAddress.Any, 5353));
            _all.Add(server);
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(IPAddress.Any, 40_000 + i));
                _all.Add(socket);
            }
        }

        internal void Speak() => _all.Skip(1).ToList().ForEach(s => s.SendTo("x"u8, new IPEndPoint(IPAddress.Loopback, 5353)));

        public void Dispose() => _all.ForEach(s => s.Dispose());
    }

    /// <summary>Lets something happen between what the kernel wrote and the call that takes it.</summary>
    private sealed class SlowTransport(INetlinkTransport inner, Action before) : INetlinkTransport
    {
        public uint PortId => inner.PortId;

        public void Send(ReadOnlySpan<byte> datagram) => inner.Send(datagram);

        public int Receive(Span<byte> buffer)
        {
            before();
            return inner.Receive(buffer);
        }

        public int TryReceive(Span<byte> buffer) => inner.TryReceive(buffer);

        public void Dispose() => inner.Dispose();
    }
}
