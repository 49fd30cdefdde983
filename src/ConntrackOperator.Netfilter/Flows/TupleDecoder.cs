using System.Buffers.Binary;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>Decodes CTA_TUPLE_ORIG and CTA_TUPLE_REPLY (ctnetlink_dump_tuples).</summary>
internal static class TupleDecoder
{
    /// <param name="value">The attribute's value.</param>
    /// <param name="tuple">Gets the addresses, the protocol and the ports.</param>
    /// <param name="zone">The tuple's zone, or 0.</param>
    /// <param name="failed">Set when something is malformed or an address is missing.</param>
    /// <returns>Whether the tuple has a zone of its own.</returns>
    internal static bool Read(ReadOnlySpan<byte> value, ref FlowTuple tuple, out ushort zone, ref bool failed)
    {
        var hasZone = false;
        var hasAddresses = false;
        zone = 0;
        var parts = new AttributeReader(value);
        while (parts.Next())
        {
            switch ((ushort)parts.Type)
            {
                case Ctnetlink.CTA_TUPLE_IP:
                    hasAddresses = Addresses(ref parts, ref tuple);
                    break;
                case Ctnetlink.CTA_TUPLE_PROTO:
                    Protocol(ref parts, ref tuple);
                    break;
                case Ctnetlink.CTA_TUPLE_ZONE:
                    zone = parts.BigEndian16();
                    hasZone = true;
                    break;
                default:
                    break;
            }
        }

        failed |= parts.Failed || !hasAddresses;
        return hasZone;
    }

    private static bool Addresses(ref AttributeReader outer, ref FlowTuple tuple)
    {
        var seen = 0;
        var parts = new AttributeReader(outer.Value);
        while (parts.Next())
        {
            switch ((ushort)parts.Type)
            {
                case Ctnetlink.CTA_IP_V4_SRC:
                    tuple.SourceLow = parts.BigEndian32();
                    seen |= 1;
                    break;
                case Ctnetlink.CTA_IP_V4_DST:
                    tuple.DestinationLow = parts.BigEndian32();
                    seen |= 2;
                    break;
                case Ctnetlink.CTA_IP_V6_SRC:
                    tuple.IsV6 = true;
                    (tuple.SourceHigh, tuple.SourceLow) = Address6(ref parts);
                    seen |= 1;
                    break;
                case Ctnetlink.CTA_IP_V6_DST:
                    tuple.IsV6 = true;
                    (tuple.DestinationHigh, tuple.DestinationLow) = Address6(ref parts);
                    seen |= 2;
                    break;
                default:
                    break;
            }
        }

        outer.Absorb(parts);
        return seen == 3;
    }

    private static (ulong High, ulong Low) Address6(ref AttributeReader reader)
    {
        var value = reader.Value;
        if (value.Length >= 16)
        {
            return (BinaryPrimitives.ReadUInt64BigEndian(value), BinaryPrimitives.ReadUInt64BigEndian(value[8..]));
        }

        reader.Fail();
        return default;
    }

    private static void Protocol(ref AttributeReader outer, ref FlowTuple tuple)
    {
        var parts = new AttributeReader(outer.Value);
        while (parts.Next())
        {
            switch ((ushort)parts.Type)
            {
                case Ctnetlink.CTA_PROTO_NUM:
                    tuple.ProtocolNumber = parts.Byte();
                    break;
                case Ctnetlink.CTA_PROTO_SRC_PORT or Ctnetlink.CTA_PROTO_ICMP_ID or Ctnetlink.CTA_PROTO_ICMPV6_ID:
                    tuple.First = parts.BigEndian16();
                    break;
                case Ctnetlink.CTA_PROTO_DST_PORT:
                    tuple.Second = parts.BigEndian16();
                    break;
                case Ctnetlink.CTA_PROTO_ICMP_TYPE or Ctnetlink.CTA_PROTO_ICMPV6_TYPE:
                    tuple.Second = (ushort)((tuple.Second & 0xff) | (parts.Byte() << 8));
                    break;
                case Ctnetlink.CTA_PROTO_ICMP_CODE or Ctnetlink.CTA_PROTO_ICMPV6_CODE:
                    tuple.Second = (ushort)((tuple.Second & 0xff00) | parts.Byte());
                    break;
                default:
                    break;
            }
        }

        outer.Absorb(parts);
    }
}
