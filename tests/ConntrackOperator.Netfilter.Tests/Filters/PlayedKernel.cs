using System.Net;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>ctnetlink of one version over a table that a test made; its sockets are <see cref="Open"/>.</summary>
internal sealed class PlayedKernel(KernelVersion version, IEnumerable<FlowCase> entries)
{
    private const int EntriesADatagram = 16;

    internal List<FlowCase> Table { get; } = [.. entries];

    /// <summary>Requests to delete with CTA_FILTER that went over more than a tuple.</summary>
    internal int Flushes { get; private set; }

    /// <summary>Requests to delete without any tuple, which empty the table.</summary>
    internal int Bare { get; private set; }

    /// <summary>Happens before each flush.</summary>
    internal Action? BeforeFlush { get; set; }

    /// <summary>Happens after each flush.</summary>
    internal Action? AfterFlush { get; set; }

    /// <summary>The errno with which it refuses to flush an IP version; 0: it does not.</summary>
    internal Func<byte, int> RefusesToFlush { get; set; } = _ => 0;

    /// <summary>The IP version of which it flushes and then says nothing.</summary>
    internal byte? SilentAfterFlush { get; set; }

    /// <summary>The errno with which a dump ends after its entries; 0: as it should.</summary>
    internal int DumpsEndWith { get; set; }

    internal INetlinkTransport Open() => new Socket(this);

    private IEnumerable<byte[][]> Handle(int type, int flags, uint sequence, byte[] payload)
    {
        var (family, attributes) = (payload[0], new Attributes(payload.AsSpan(4)));
        var answer = (type & 0xFF) switch
        {
            Ctnetlink.IPCTNL_MSG_CT_GET when (flags & Nl.NLM_F_DUMP) == Nl.NLM_F_DUMP => Dump(family, attributes, sequence),
            Ctnetlink.IPCTNL_MSG_CT_GET =>
                Find(attributes) is { } found ? [[FakeTransport.Entry(found.Encode(), sequence, 0)]] : Refuse(Errno.ENOENT, sequence),
            Ctnetlink.IPCTNL_MSG_CT_DELETE => Answer(Delete(family, payload[1], attributes), family, attributes, sequence),
            _ => throw new InvalidOperationException($"no such request: {type}"),
        };
        return (flags & Nl.NLM_F_ACK) != 0 ? answer : answer.Where(d => !IsAck(d));
    }

    private List<byte[][]> Answer(int errno, byte family, Attributes attributes, uint sequence) =>
        errno == 0 && SilentAfterFlush == family && attributes.Has(Ctnetlink.CTA_FILTER) ? [] : Refuse(errno, sequence);

    private static bool IsAck(byte[][] datagram) =>
        datagram is [var only] && BitConverter.ToUInt16(only, 4) == Nl.NLMSG_ERROR && BitConverter.ToInt32(only, 16) == 0;

    private static List<byte[][]> Refuse(int errno, uint sequence) => [[FakeTransport.Error(errno, sequence)]];

    private List<byte[][]> Dump(byte family, Attributes attributes, uint sequence)
    {
        var errno = ReadFilter(family, attributes, out var passes);
        return errno != 0 ? Refuse(errno, sequence)
            : [
                .. Table.Where(passes).Chunk(EntriesADatagram)
                    .Select(c => c.Select(e => FakeTransport.Entry(e.Encode(), sequence)).ToArray()),
                [FakeTransport.Done(sequence, -DumpsEndWith)],
            ];
    }

    private int Delete(byte family, byte nfgenVersion, Attributes attributes)
    {
        var filter = version.DumpsByFilter && attributes.Has(Ctnetlink.CTA_FILTER);
        if ((attributes.Has(Ctnetlink.CTA_TUPLE_ORIG) || attributes.Has(Ctnetlink.CTA_TUPLE_REPLY)) && !(filter && version.FlushesByFilter))
        {
            if (!IsWhole(attributes.Nested(Ctnetlink.CTA_TUPLE_ORIG)))
            {
                return Errno.EINVAL;
            }

            if (Find(attributes) is not { } entry)
            {
                return Errno.ENOENT;
            }

            if (version.KeepsOffloaded && IsOffloaded(entry))
            {
                return Errno.EBUSY;
            }

            if (attributes.Has(Ctnetlink.CTA_ID) && attributes.Long(Ctnetlink.CTA_ID) != entry.Id)
            {
                return Errno.ENOENT;
            }

            Table.Remove(entry);
            return 0;
        }

        Bare += attributes.Has(Ctnetlink.CTA_TUPLE_ORIG) ? 0 : 1;
        if (filter && !version.FlushesByFilter)
        {
            return Errno.EOPNOTSUPP;
        }

        var errno = ReadFilter(nfgenVersion != 0 || filter ? family : (byte)0, attributes, out var passes);
        errno = errno == 0 ? RefusesToFlush(family) : errno;
        if (errno == 0)
        {
            BeforeFlush?.Invoke();
            Flushes++;
            Table.RemoveAll(e => passes(e) && !(version.KeepsOffloaded && IsOffloaded(e)));
            AfterFlush?.Invoke();
        }

        return errno;
    }

    private static bool IsOffloaded(FlowCase entry) => (entry.Status & FlowStatus.Offload) != 0;

    private static bool IsWhole(Attributes tuple)
    {
        var (ip, proto) = (tuple.Nested(Ctnetlink.CTA_TUPLE_IP), tuple.Nested(Ctnetlink.CTA_TUPLE_PROTO));
        return ((ip.Has(Ctnetlink.CTA_IP_V4_SRC) && ip.Has(Ctnetlink.CTA_IP_V4_DST))
            || (ip.Has(Ctnetlink.CTA_IP_V6_SRC) && ip.Has(Ctnetlink.CTA_IP_V6_DST)))
            && proto.Has(Ctnetlink.CTA_PROTO_NUM)
            && Fields(proto.Bytes(Ctnetlink.CTA_PROTO_NUM)[0]).TrueForAll(f => proto.Has(f.Type));
    }

    private FlowCase? Find(Attributes attributes)
    {
        var (tuple, zone) = (
            attributes.Nested(Ctnetlink.CTA_TUPLE_ORIG), attributes.Has(Ctnetlink.CTA_ZONE) ? attributes.Short(Ctnetlink.CTA_ZONE) : 0);
        zone = tuple.Has(Ctnetlink.CTA_TUPLE_ZONE) ? tuple.Short(Ctnetlink.CTA_TUPLE_ZONE) : zone;
        const uint Every = 0xFFF & ~4u;
        return Table.Find(e => (e.Zone ?? e.OriginalZone ?? 0) == zone
            && IPAddress.Parse(e.Source).GetAddressBytes().AsSpan().SequenceEqual(Address(tuple, e, source: true))
            && SameTuple(tuple, Every & ~1u, e.Source, e.Destination, (e.SourcePort, e.DestinationPort), e.Protocol, exactIPv6: true));
    }

    /// <summary>The flags, attributes and values that follow the number of a protocol with a tracker (its nlattr_to_tuple).</summary>
    private static List<(uint Flag, int Type, Func<ushort, ushort, int> Value, int Bytes)> Fields(byte protocol) => protocol switch
    {
        1 =>
        [
            (64, Ctnetlink.CTA_PROTO_ICMP_TYPE, (_, second) => second >> 8, 1),
            (128, Ctnetlink.CTA_PROTO_ICMP_CODE, (_, second) => second & 0xFF, 1),
            (256, Ctnetlink.CTA_PROTO_ICMP_ID, (first, _) => first, 2),
        ],
        58 =>
        [
            (512, Ctnetlink.CTA_PROTO_ICMPV6_TYPE, (_, second) => second >> 8, 1),
            (1024, Ctnetlink.CTA_PROTO_ICMPV6_CODE, (_, second) => second & 0xFF, 1),
            (2048, Ctnetlink.CTA_PROTO_ICMPV6_ID, (first, _) => first, 2),
        ],
        _ => [(16, Ctnetlink.CTA_PROTO_SRC_PORT, (first, _) => first, 2), (32, Ctnetlink.CTA_PROTO_DST_PORT, (_, second) => second, 2)],
    };

    private static byte[] Address(Attributes tuple, FlowCase entry, bool source)
    {
        var ip = tuple.Nested(Ctnetlink.CTA_TUPLE_IP);
        var type = IsIPv6(entry.Source)
            ? source ? Ctnetlink.CTA_IP_V6_SRC : Ctnetlink.CTA_IP_V6_DST
            : source ? Ctnetlink.CTA_IP_V4_SRC : Ctnetlink.CTA_IP_V4_DST;
        return ip.Has(type) ? ip.Bytes(type) : [];
    }

    private static bool IsIPv6(string address) => address.Contains(':', StringComparison.Ordinal);

    /// <summary>ctnetlink_alloc_filter.</summary>
    private int ReadFilter(byte family, Attributes a, out Func<FlowCase, bool> passes)
    {
        passes = _ => true;
        var all = new List<Func<FlowCase, bool>>();
        if (family != 0)
        {
            all.Add(e => IsIPv6(e.Source) == (family == Native.AF_INET6));
        }

        if (a.Has(Ctnetlink.CTA_MARK) && (version.DumpsByFilter || a.Has(Ctnetlink.CTA_MARK_MASK)))
        {
            var mask = a.Has(Ctnetlink.CTA_MARK_MASK) ? a.Long(Ctnetlink.CTA_MARK_MASK) : uint.MaxValue;
            all.Add(e => (e.Mark & mask) == a.Long(Ctnetlink.CTA_MARK));
        }

        if (version.ComparesStatus && a.Has(Ctnetlink.CTA_STATUS))
        {
            var mask = a.Has(Ctnetlink.CTA_STATUS_MASK) ? a.Long(Ctnetlink.CTA_STATUS_MASK) : a.Long(Ctnetlink.CTA_STATUS);
            if (mask == 0)
            {
                return Errno.EINVAL;
            }

            all.Add(e => ((uint)e.Status & mask) == a.Long(Ctnetlink.CTA_STATUS));
        }
        else if (version.ComparesStatus && a.Has(Ctnetlink.CTA_STATUS_MASK))
        {
            return Errno.EINVAL;
        }

        if (version.ComparesZone && a.Has(Ctnetlink.CTA_ZONE))
        {
            all.Add(e => (e.Zone ?? e.OriginalZone ?? 0) == a.Short(Ctnetlink.CTA_ZONE));
        }

        if (version.DumpsByFilter && a.Has(Ctnetlink.CTA_FILTER))
        {
            var filter = a.Nested(Ctnetlink.CTA_FILTER);
            var (original, reply) = (
                filter.MachineOrder(Ctnetlink.CTA_FILTER_ORIG_FLAGS), filter.MachineOrder(Ctnetlink.CTA_FILTER_REPLY_FLAGS));
            if (((original | reply) & ~0xFFFu) != 0)
            {
                return version.WrongFlag;
            }

            foreach (var (flags, type) in new[] { (original, Ctnetlink.CTA_TUPLE_ORIG), (reply, Ctnetlink.CTA_TUPLE_REPLY) })
            {
                if (flags == 0)
                {
                    continue;
                }

                // Parts of the protocol without its number, a version of IP, or the attribute that a flag names.
                var tuple = a.Nested(type);
                var missing = Missing(tuple, flags, family);
                if (!a.Has(type) || missing != 0)
                {
                    return a.Has(type) ? missing : Errno.EINVAL;
                }

                all.Add(type == Ctnetlink.CTA_TUPLE_ORIG
                    ? e => SameTuple(
                        tuple, flags, e.Source, e.Destination, (e.SourcePort, e.DestinationPort), e.Protocol, version.ComparesIPv6)
                    : e => SameTuple(
                        tuple, flags, e.Destination, e.TranslatedSource ?? e.Source, e.ReplyParts, e.Protocol, version.ComparesIPv6));
            }
        }

        passes = e => all.TrueForAll(condition => condition(e));
        return 0;
    }

    private static int Missing(Attributes tuple, uint flags, byte family)
    {
        var (ip, proto) = (tuple.Nested(Ctnetlink.CTA_TUPLE_IP), tuple.Nested(Ctnetlink.CTA_TUPLE_PROTO));
        var (source, destination) = family == Native.AF_INET6
            ? (Ctnetlink.CTA_IP_V6_SRC, Ctnetlink.CTA_IP_V6_DST)
            : (Ctnetlink.CTA_IP_V4_SRC, Ctnetlink.CTA_IP_V4_DST);
        if (family == 0)
        {
            return Errno.EOPNOTSUPP;
        }

        if (((flags & 1) != 0 && !ip.Has(source)) || ((flags & 2) != 0 && !ip.Has(destination))
            || ((flags & 8) != 0 && !proto.Has(Ctnetlink.CTA_PROTO_NUM)) || ((flags & 8) == 0 && (flags & ~0xFu) != 0))
        {
            return Errno.EINVAL;
        }

        if ((flags & 8) == 0)
        {
            return 0;
        }

        // What a protocol has no field for is passed over. A type that nobody answers is refused.
        var number = proto.Bytes(Ctnetlink.CTA_PROTO_NUM)[0];
        var wrong = Fields(number).Exists(f => (flags & f.Flag) != 0 && !proto.Has(f.Type))
            || (Fields(number) is [{ Flag: 64 or 512 } type, ..] && (flags & type.Flag) != 0
                && FlowCase.AnswerTo(number, proto.Bytes(type.Type)[0]) is null);
        return wrong ? Errno.EINVAL : 0;
    }

    /// <summary>ctnetlink_filter_match_tuple, faults and all.</summary>
    private static bool SameTuple(
        Attributes tuple, uint flags, string source, string destination, (ushort First, ushort Second) parts, byte protocol, bool exactIPv6)
    {
        var (ip, proto) = (tuple.Nested(Ctnetlink.CTA_TUPLE_IP), tuple.Nested(Ctnetlink.CTA_TUPLE_PROTO));
        bool Same(int v4, int v6, string address) => IsIPv6(address)
            ? IPAddress.Parse(address).GetAddressBytes().SequenceEqual(ip.Bytes(v6)) == exactIPv6
            : IPAddress.Parse(address).GetAddressBytes().SequenceEqual(ip.Bytes(v4));
        int Asked(int type, int bytes) => bytes == 1 ? proto.Bytes(type)[0] : proto.Short(type);
        var compares = exactIPv6 || protocol is Native.IPPROTO_TCP or Native.IPPROTO_UDP or 1 or 58;
        return ((flags & 1) == 0 || Same(Ctnetlink.CTA_IP_V4_SRC, Ctnetlink.CTA_IP_V6_SRC, source))
            && ((flags & 2) == 0 || Same(Ctnetlink.CTA_IP_V4_DST, Ctnetlink.CTA_IP_V6_DST, destination))
            && ((flags & 8) == 0 || proto.Bytes(Ctnetlink.CTA_PROTO_NUM)[0] == protocol)
            && (!compares
                || Fields(protocol).TrueForAll(f => (flags & f.Flag) == 0 || Asked(f.Type, f.Bytes) == f.Value(parts.First, parts.Second)));
    }

    private sealed class Socket(PlayedKernel kernel) : INetlinkTransport
    {
        private readonly Queue<byte[]> _answers = new();

        public uint PortId => FakeTransport.Port;

        public void Send(ReadOnlySpan<byte> datagram)
        {
            while (datagram.Length >= 16)
            {
                var length = BitConverter.ToInt32(datagram);
                foreach (var answer in kernel.Handle(
                    BitConverter.ToUInt16(datagram[4..]), BitConverter.ToUInt16(datagram[6..]), BitConverter.ToUInt32(datagram[8..]),
                    datagram[16..length].ToArray()))
                {
                    _answers.Enqueue([.. answer.SelectMany(m => m)]);
                }

                datagram = datagram[Math.Min((length + 3) & ~3, datagram.Length)..];
            }
        }

        public int Receive(Span<byte> buffer) =>
            TryReceive(buffer) is > 0 and var got ? got : throw new NetlinkException("receive a netlink answer", Errno.ETIMEDOUT);

        public int TryReceive(Span<byte> buffer)
        {
            if (!_answers.TryDequeue(out var datagram))
            {
                return 0;
            }

            datagram.CopyTo(buffer);
            return datagram.Length;
        }

        public void Dispose() => _answers.Clear();
    }
}
