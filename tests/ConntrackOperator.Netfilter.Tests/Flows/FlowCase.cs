using System.Buffers.Binary;
using System.Net;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Flows;

/// <summary>An entry that a test makes up, and its message as the kernel would write it.</summary>
internal sealed record FlowCase
{
    internal string Source { get; init; } = "10.0.0.1";

    internal string Destination { get; init; } = "192.0.2.1";

    /// <summary>Where answers go to, when the source is translated.</summary>
    internal string? TranslatedSource { get; init; }

    /// <summary>Where answers come from, when the destination is translated.</summary>
    internal string? TranslatedDestination { get; init; }

    internal byte Protocol { get; init; } = 6;

    /// <summary>Of ICMP the identifier, of GRE the source's key.</summary>
    internal ushort SourcePort { get; init; } = 1024;

    /// <summary>Of ICMP the type, times 256, and the code; of GRE the destination's key.</summary>
    internal ushort DestinationPort { get; init; } = 443;

    /// <summary>What <see cref="SourcePort"/> is translated to, when that is translated too.</summary>
    internal ushort? TranslatedPort { get; init; }

    /// <summary>What the reply's tuple has in place of <see cref="SourcePort"/> and <see cref="DestinationPort"/>.</summary>
    internal (ushort First, ushort Second) ReplyParts => IsIcmp
        ? (TranslatedPort ?? SourcePort,
            (ushort)((AnswerTo(Protocol, (byte)(DestinationPort >> 8)).GetValueOrDefault() << 8) | (DestinationPort & 0xFF)))
        : (DestinationPort, TranslatedPort ?? SourcePort);

    internal bool IsIcmp => Protocol is 1 or 58;

    internal FlowStatus Status { get; init; } = FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed;

    internal byte State { get; init; } = 3;

    internal uint? Timeout { get; init; } = 1000;

    internal uint Id { get; init; } = 0x01020304;

    internal ulong Start { get; init; }

    internal uint Mark { get; init; }

    internal ushort? Zone { get; init; }

    internal ushort? OriginalZone { get; init; }

    internal byte[] Encode()
    {
        var v6 = IPAddress.Parse(Source).GetAddressBytes().Length == 16;
        List<byte> message = [v6 ? (byte)Native.AF_INET6 : (byte)Native.AF_INET, 0, 0, 0];
        byte[] originalZone = OriginalZone is { } z ? BigEndian16(Ctnetlink.CTA_TUPLE_ZONE, z) : [];
        message.AddRange(Nest(Ctnetlink.CTA_TUPLE_ORIG, [.. Tuple(Source, Destination, SourcePort, DestinationPort, v6), .. originalZone]));
        message.AddRange(
            Nest(
                Ctnetlink.CTA_TUPLE_REPLY,
                Tuple(TranslatedDestination ?? Destination, TranslatedSource ?? Source, ReplyParts.First, ReplyParts.Second, v6)));
        if (Zone is { } zone)
        {
            message.AddRange(BigEndian16(Ctnetlink.CTA_ZONE, zone));
        }

        message.AddRange(BigEndian32(Ctnetlink.CTA_STATUS, (uint)Status));
        message.AddRange(BigEndian32(Ctnetlink.CTA_MARK, Mark));
        message.AddRange(BigEndian32(Ctnetlink.CTA_ID, Id));
        message.AddRange(BigEndian32(Ctnetlink.CTA_USE, 1));
        if (Timeout is { } timeout)
        {
            message.AddRange(BigEndian32(Ctnetlink.CTA_TIMEOUT, timeout));
        }

        if (Start != 0)
        {
            var start = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(start, Start);
            message.AddRange(Nest(Ctnetlink.CTA_TIMESTAMP, FakeTransport.Attribute(Ctnetlink.CTA_TIMESTAMP_START, start)));
        }

        if (Protocol == 6)
        {
            message.AddRange(Nest(
                Ctnetlink.CTA_PROTOINFO,
                Nest(Ctnetlink.CTA_PROTOINFO_TCP, FakeTransport.Attribute(Ctnetlink.CTA_PROTOINFO_TCP_STATE, [State]))));
        }

        return [.. message];
    }

    /// <summary>
    /// The type of the answer; null: of a message that nobody answers (invmap of nf_conntrack_proto_icmp.c and _icmpv6.c).
    /// </summary>
    internal static byte? AnswerTo(byte protocol, byte type) => (protocol, type) switch
    {
        (1, 8) => 0,
        (1, 0) => 8,
        (1, 13 or 15 or 17) => (byte)(type + 1),
        (1, 14 or 16 or 18) => (byte)(type - 1),
        (58, 128 or 139) => (byte)(type + 1),
        (58, 129 or 140) => (byte)(type - 1),
        _ => null,
    };

    private byte[] Tuple(string source, string destination, ushort first, ushort second, bool v6) =>
    [
        .. Nest(Ctnetlink.CTA_TUPLE_IP,
        [
            .. FakeTransport.Attribute(v6 ? Ctnetlink.CTA_IP_V6_SRC : Ctnetlink.CTA_IP_V4_SRC, IPAddress.Parse(source).GetAddressBytes()),
            .. FakeTransport.Attribute(
                v6 ? Ctnetlink.CTA_IP_V6_DST : Ctnetlink.CTA_IP_V4_DST, IPAddress.Parse(destination).GetAddressBytes()),
        ]),
        .. Nest(Ctnetlink.CTA_TUPLE_PROTO,
        [
            .. FakeTransport.Attribute(Ctnetlink.CTA_PROTO_NUM, [Protocol]),
            .. Protocol switch
            {
                1 => (byte[])
                [
                    .. BigEndian16(Ctnetlink.CTA_PROTO_ICMP_ID, first),
                    .. FakeTransport.Attribute(Ctnetlink.CTA_PROTO_ICMP_TYPE, [(byte)(second >> 8)]),
                    .. FakeTransport.Attribute(Ctnetlink.CTA_PROTO_ICMP_CODE, [(byte)second]),
                ],
                58 =>
                [
                    .. BigEndian16(Ctnetlink.CTA_PROTO_ICMPV6_ID, first),
                    .. FakeTransport.Attribute(Ctnetlink.CTA_PROTO_ICMPV6_TYPE, [(byte)(second >> 8)]),
                    .. FakeTransport.Attribute(Ctnetlink.CTA_PROTO_ICMPV6_CODE, [(byte)second]),
                ],
                _ => [.. BigEndian16(Ctnetlink.CTA_PROTO_SRC_PORT, first), .. BigEndian16(Ctnetlink.CTA_PROTO_DST_PORT, second)],
            },
        ]),
    ];

    private static byte[] Nest(int type, byte[] content) => FakeTransport.Attribute(type | Nl.NLA_F_NESTED, content);

    private static byte[] BigEndian16(int type, ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return FakeTransport.Attribute(type, bytes);
    }

    private static byte[] BigEndian32(int type, uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return FakeTransport.Attribute(type, bytes);
    }
}
