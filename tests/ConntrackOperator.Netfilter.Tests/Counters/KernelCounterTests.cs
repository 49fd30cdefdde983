using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Counters;

[Collection(MachineCollection.Name)]
public sealed class KernelCounterTests
{
    [Fact]
    public void Both_sources_say_the_same_of_a_namespace()
    {
        NetworkNamespace.Require("nft", "ip");
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        space.Run(() =>
        {
            Send(50);
            using var both = new BothSources();
            var (ctnetlink, proc) = both.Read();
            Assert.Equal(ctnetlink with { At = default, Source = default }, proc with { At = default, Source = default });
            using var reader = new CounterReader();
            Assert.True(reader.TryRead(out _));
            Assert.Equal(CounterSource.Ctnetlink, reader.Source);
        });
    }

    [Fact]
    public async Task A_full_table_drops_packets_and_both_sources_count_them()
    {
        NetworkNamespace.Require("nft", "ip");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        using var both = new BothSources();
        var before = space.Run(both.Read);
        Assert.Equal((0, 0), (before.Ctnetlink.Drop, before.Proc.Drop));

        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, 128).Status);
        var refused = space.Run(() => Send(1000));
        var count = space.Run(() => new SysctlDirectory().Read(SysctlNames.Count)).Value;
        var after = space.Run(both.Read);

        Assert.InRange(refused, 1, 1000);
        Assert.InRange(count!.Value, 64, 256);
        Assert.True(after.Ctnetlink.Drop >= refused, $"{after.Ctnetlink.Drop} drops counted, {refused} packets refused");
        Assert.Equal(after.Ctnetlink.Drop, after.Proc.Drop);
        Assert.Equal(after.Ctnetlink.EarlyDrop, after.Proc.EarlyDrop);
    }

    /// <summary>Sends one UDP packet to each of many ports, so that each needs an entry.</summary>
    /// <returns>How many the kernel refused to send: dropped on the way out.</returns>
    private static int Send(int packets)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var refused = 0;
        for (var i = 0; i < packets; i++)
        {
            try
            {
                // Each address answers "port unreachable" for the one before; one packet a destination keeps that apart.
                socket.SendTo([1], new IPEndPoint(new IPAddress([127, 0, (byte)(1 + (i >> 8)), (byte)i]), 20_000 + i));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
            {
                refused++;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // The answer to an earlier packet.
            }
        }

        return refused;
    }

    private sealed class BothSources : IDisposable
    {
        private readonly CounterReader _ctnetlink = new([new CtnetlinkCounterRows(NetlinkSocket.Open)]);
        private readonly CounterReader _proc = new([new ProcCounterRows("/proc")]);

        internal (ConntrackCounters Ctnetlink, ConntrackCounters Proc) Read()
        {
            Assert.True(_ctnetlink.TryRead(out var one));
            Assert.True(_proc.TryRead(out var other));
            return (one, other);
        }

        public void Dispose()
        {
            _ctnetlink.Dispose();
            _proc.Dispose();
        }
    }
}
