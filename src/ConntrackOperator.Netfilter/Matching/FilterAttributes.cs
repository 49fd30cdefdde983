using System.Buffers.Binary;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>Writes the attributes of a <see cref="KernelFilter"/>, the same ones whether entries are read or deleted by it.</summary>
internal static class FilterAttributes
{
    /// <summary>Bytes that are always enough for a message with them.</summary>
    internal const int MaxMessageBytes = 256;

    /// <param name="writer">Where to; a message has begun.</param>
    /// <param name="filter">The conditions.</param>
    /// <param name="always">
    /// Writes an original tuple and CTA_FILTER even when nothing in them is a condition: what a kernel must have to delete by a filter.
    /// </param>
    internal static void Write(ref MessageWriter writer, KernelFilter filter, bool always = false)
    {
        if (filter.Mark is { } mark)
        {
            // The kernel compares the masked mark with the value as it is.
            writer.BigEndian32(Ctnetlink.CTA_MARK, mark & filter.MarkMask);
            writer.BigEndian32(Ctnetlink.CTA_MARK_MASK, filter.MarkMask);
        }

        if (filter.Zone is { } zone)
        {
            writer.BigEndian16(Ctnetlink.CTA_ZONE, zone);
        }

        if (filter.StatusMask != 0)
        {
            writer.BigEndian32(Ctnetlink.CTA_STATUS, (uint)(filter.Status & filter.StatusMask));
            writer.BigEndian32(Ctnetlink.CTA_STATUS_MASK, (uint)filter.StatusMask);
        }

        var protocol = filter.Protocol is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_NUM;
        var original = filter.Original.Flags(filter.Protocol) | protocol;
        var reply = filter.Reply.Flags(filter.Protocol) | (filter.Reply.HasProtocolParts ? protocol : 0);
        if (original != 0 || always)
        {
            Tuple(ref writer, Ctnetlink.CTA_TUPLE_ORIG, filter.Original, filter.Protocol);
        }

        if (reply != 0)
        {
            Tuple(ref writer, Ctnetlink.CTA_TUPLE_REPLY, filter.Reply, filter.Protocol);
        }

        if ((original | reply) != 0 || always)
        {
            var nest = writer.BeginNest(Ctnetlink.CTA_FILTER);
            writer.Attribute(Ctnetlink.CTA_FILTER_ORIG_FLAGS, BitConverter.GetBytes(original));
            if (reply != 0)
            {
                writer.Attribute(Ctnetlink.CTA_FILTER_REPLY_FLAGS, BitConverter.GetBytes(reply));
            }

            writer.EndNest(nest);
        }
    }

    private static void Tuple(ref MessageWriter writer, ushort type, TupleFilter filter, byte? protocol)
    {
        var tuple = writer.BeginNest(type);
        if (filter.Source is not null || filter.Destination is not null)
        {
            var addresses = writer.BeginNest(Ctnetlink.CTA_TUPLE_IP);
            Address(ref writer, Ctnetlink.CTA_IP_V4_SRC, filter.Source);
            Address(ref writer, Ctnetlink.CTA_IP_V4_DST, filter.Destination);
            writer.EndNest(addresses);
        }

        if (protocol is { } number)
        {
            var part = writer.BeginNest(Ctnetlink.CTA_TUPLE_PROTO);
            writer.Attribute(Ctnetlink.CTA_PROTO_NUM, [number]);
            if (filter.SourcePort is { } source)
            {
                writer.BigEndian16(Ctnetlink.CTA_PROTO_SRC_PORT, source);
            }

            if (filter.DestinationPort is { } destination)
            {
                writer.BigEndian16(Ctnetlink.CTA_PROTO_DST_PORT, destination);
            }

            Icmp(ref writer, filter.Icmp, number == Native.IPPROTO_ICMPV6);

            writer.EndNest(part);
        }

        writer.EndNest(tuple);
    }

    private static void Icmp(ref MessageWriter writer, IcmpMatch icmp, bool v6)
    {
        if (icmp.Id is { } id)
        {
            writer.BigEndian16(v6 ? Ctnetlink.CTA_PROTO_ICMPV6_ID : Ctnetlink.CTA_PROTO_ICMP_ID, id);
        }

        if (icmp.Type is { } type)
        {
            writer.Attribute(v6 ? Ctnetlink.CTA_PROTO_ICMPV6_TYPE : Ctnetlink.CTA_PROTO_ICMP_TYPE, [type]);
        }

        if (icmp.Code is { } code)
        {
            writer.Attribute(v6 ? Ctnetlink.CTA_PROTO_ICMPV6_CODE : Ctnetlink.CTA_PROTO_ICMP_CODE, [code]);
        }
    }

    private static void Address(ref MessageWriter writer, ushort type, FlowAddress? address)
    {
        if (address is { } value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)value.Low);
            writer.Attribute(type, bytes);
        }
    }
}
