using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>
/// What really left a router, with the kernel's own time stamps: a packet socket sees the packets that go out, which are those that
/// the router let through. Knows nothing of conntrack.
/// </summary>
internal sealed partial class PacketTap : IDisposable
{
    private const int AF_PACKET = 17;
    private const int SOCK_DGRAM = 2;
    private const ushort ETH_P_ALL = 0x0003;
    private const byte PACKET_OUTGOING = 4;
    private const int SOL_SOCKET = 1;
    private const int SOL_PACKET = 263;
    private const int PACKET_STATISTICS = 6;
    private const int SO_RCVBUFFORCE = 33;
    private const int SO_RCVTIMEO = 20;
    private const ulong SIOCGSTAMPNS = 0x8907;
    private const int Fin = 0x01;
    private const int Syn = 0x02;
    private const int Rst = 0x04;
    private const int Ack = 0x10;

    private readonly Dictionary<(byte, FlowAddress, ushort, FlowAddress, ushort), Sighting> _seen = [];
    private readonly Lock _lock = new();
    private readonly Thread _thread;
    private readonly int _socket;
    private double _upTo;
    private volatile bool _stop;

    internal PacketTap(NetworkNamespace space)
    {
        _socket = space.Run(() => Open());
        _thread = new Thread(Loop) { IsBackground = true, Name = "packet tap" };
        _thread.Start();
    }

    /// <summary>Seconds since 1970 by the clock of the packets' time stamps.</summary>
    internal static double Now => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Waits until every packet has been taken that left before this moment.</summary>
    internal void CatchUp(double moment)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_upTo > moment)
                {
                    return;
                }
            }

            Thread.Sleep(5);
        }
    }

    /// <summary>The last packet of either direction; null when there was none.</summary>
    internal Sighting? Last(scoped in Flow flow)
    {
        ref readonly var original = ref flow.Original;
        ref readonly var reply = ref flow.Reply;
        lock (_lock)
        {
            // Behind the router the client's packets bear the translated source, and the answers' destination is the client again.
            Sighting? last = null;
            foreach (var key in (ReadOnlySpan<(byte, FlowAddress, ushort, FlowAddress, ushort)>)
            [
                (flow.Protocol, reply.Destination, reply.DestinationPort, reply.Source, reply.SourcePort),
                (flow.Protocol, original.Destination, original.DestinationPort, original.Source, original.SourcePort),
            ])
            {
                if (_seen.TryGetValue(key, out var one))
                {
                    last = last is null
                        ? one
                        : new Sighting(Math.Max(last.Any, one.Any), Math.Max(last.Counted, one.Counted), one.Acknowledged, one.Begun)
                        {
                            What = last.What + " <> " + one.What,
                        };
                }
            }

            return last;
        }
    }

    /// <summary>What is known of the packets from one end to another.</summary>
    internal Sighting? Direction(byte protocol, FlowAddress source, ushort sourcePort, FlowAddress destination, ushort destinationPort)
    {
        lock (_lock)
        {
            return _seen.GetValueOrDefault((protocol, source, sourcePort, destination, destinationPort));
        }
    }

    /// <summary>Packets that the kernel could not keep for the tap since this was last asked.</summary>
    internal unsafe uint Dropped()
    {
        // struct tpacket_stats of linux/if_packet.h: packets, drops.
        var counts = stackalloc uint[2];
        var length = 8u;
        Assert.Equal(0, getsockopt(_socket, SOL_PACKET, PACKET_STATISTICS, counts, &length));
        return counts[1];
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _ = close(_socket);
    }

    private static unsafe int Open()
    {
        var fd = socket(AF_PACKET, SOCK_DGRAM, BinaryPrimitives.ReverseEndianness(ETH_P_ALL));
        Assert.True(fd >= 0, $"packet socket: errno {Marshal.GetLastPInvokeError()}");
        var bytes = 256 << 20;
        _ = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(int));
        var wait = stackalloc long[] { 0, 20_000 };
        _ = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, wait, 16);

        // The first asking turns time stamps on.
        var stamp = stackalloc long[2];
        _ = ioctl(fd, SIOCGSTAMPNS, stamp);
        return fd;
    }

    private unsafe void Loop()
    {
        var buffer = stackalloc byte[256];
        var address = stackalloc byte[32];
        var stamp = stackalloc long[2];
        while (!_stop)
        {
            var asked = Now;
            var length = 32u;
            var got = recvfrom(_socket, buffer, 256, 0, address, &length);
            if (got < 0)
            {
                // Nothing is waiting.
                lock (_lock)
                {
                    _upTo = Math.Max(_upTo, asked);
                }

                continue;
            }

            Assert.Equal(0, ioctl(_socket, SIOCGSTAMPNS, stamp));
            var at = stamp[0] + (stamp[1] / 1e9);
            lock (_lock)
            {
                _upTo = Math.Max(_upTo, at);
                if (address[10] == PACKET_OUTGOING)
                {
                    Take(new ReadOnlySpan<byte>(buffer, (int)Math.Min(got, 256)), at);
                }
            }
        }
    }

    private void Take(ReadOnlySpan<byte> packet, double at)
    {
        if (packet.Length < 28 || packet[0] >> 4 != 4)
        {
            return;
        }

        var protocol = packet[9];
        var transport = packet[((packet[0] & 15) * 4)..];
        if (protocol is not (6 or 17))
        {
            return;
        }

        var key = (protocol,
            FlowAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[12..])), BinaryPrimitives.ReadUInt16BigEndian(transport),
            FlowAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[16..])), BinaryPrimitives.ReadUInt16BigEndian(transport[2..]));
        var before = _seen.GetValueOrDefault(key);
        if (protocol != 6)
        {
            _seen[key] = new Sighting(at, at, null, null);
            return;
        }

        if (transport.Length < 20)
        {
            return;
        }

        // A SYN begins anew. What ends before what the other end has acknowledged is a repetition, and so is an older acknowledgement;
        // the kernel may let those pass uncounted, and a RST that is not the next in sequence. An acknowledgement of what lies before the
        // other end's SYN belongs to a connection before, whose port was used again: tcp_in_window lets it pass and goes by the new one.
        var flags = transport[13];
        var sequence = BinaryPrimitives.ReadUInt32BigEndian(transport[4..]);
        var payload = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) - ((packet[0] & 15) * 4) - ((transport[12] >> 4) * 4);
        var end = sequence + (uint)payload + ((flags & Fin) != 0 ? 1u : 0);
        uint? acknowledged = (flags & Ack) != 0 ? BinaryPrimitives.ReadUInt32BigEndian(transport[8..]) : null;
        var begins = (flags & Syn) != 0;
        var answers = Answers(key);
        var uncounted = (flags & (Syn | Rst)) != 0
            || (before?.Acknowledged is { } most && acknowledged is { } now && IsBefore(now, most))
            || (answers?.Begun is { } begun && acknowledged is { } old && IsBefore(old, begun))
            || (answers?.Acknowledged is { } had && IsBefore(end, had));
        _seen[key] = new Sighting(
            at,
            uncounted ? before?.Counted ?? 0 : at,
            begins ? acknowledged : uncounted ? before?.Acknowledged : acknowledged ?? before?.Acknowledged,
            begins ? sequence : before?.Begun)
        {
            What = Shortened(string.Create(
                CultureInfo.InvariantCulture,
                $"{at % 1000:F3} {key.Item3}>{key.Item5} flags {flags:x} end {end} len {payload} ack {acknowledged} | {before?.What}")),
        };
    }

    private static string Shortened(string text) => text.Length > 200 ? text[..200] : text;

    private static bool IsBefore(uint sequence, uint other) => (int)(sequence - other) < 0;

    // The other direction, whose addresses are translated on the other side: told by the port that both sides have in common. Ports of
    // clients are not translated here unless two clash, which one client's do not.
    private Sighting? Answers((byte Protocol, FlowAddress Source, ushort SourcePort, FlowAddress Destination, ushort DestinationPort) key)
    {
        var (client, router) = (FlowAddress.V4(0x0a610102), FlowAddress.V4(0x0a610201));
        return key.Source == router ? _seen.GetValueOrDefault((key.Protocol, key.Destination, key.DestinationPort, client, key.SourcePort))
            : key.Destination == client ? _seen.GetValueOrDefault((key.Protocol, router, key.DestinationPort, key.Source, key.SourcePort))
            : null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockopt(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recvfrom(int fd, byte* buffer, nuint length, int flags, byte* address, uint* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int fd, ulong request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);

    /// <param name="Any">When the last packet left, in seconds since 1970.</param>
    /// <param name="Counted">When the last one left that the kernel must count; 0 when none did.</param>
    /// <param name="Acknowledged">What was acknowledged since the last SYN; null: nothing.</param>
    /// <param name="Begun">The sequence number of the last SYN; null: there was none.</param>
    internal sealed record Sighting(double Any, double Counted, uint? Acknowledged, uint? Begun)
    {
        /// <summary>The last few.</summary>
        internal string What { get; init; } = "";
    }
}
