using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// The request for a dump (IPCTNL_MSG_CT_GET), with the conditions that the kernel can check. Kernels pass over those that
/// came after them: mark 2.6.39, protocol 5.8, status 5.15, zone 6.8.
/// </summary>
internal readonly record struct DumpRequest(FlowFilter Filter, byte Family, bool ByProtocol)
{
    internal const int MaxBytes = 128;

    // CTA_FILTER_F_CTA_PROTO_NUM in net/netfilter/nf_internals.h: flag number 3 of the tuple's parts.
    private const uint FilterByProtocol = 1 << 3;

    /// <summary>
    /// The dumps that a filter takes: one, or one an IP version where the kernel is to leave out other protocols, which it
    /// only does for a given version.
    /// </summary>
    internal static IEnumerable<DumpRequest> Plan(FlowFilter filter)
    {
        var byProtocol = filter.Match?.Protocol is not null;
        if (filter.Family is FlowFamily.IPv4 or FlowFamily.Any && (byProtocol || filter.Family == FlowFamily.IPv4))
        {
            yield return new DumpRequest(filter, Native.AF_INET, byProtocol);
        }

        if (filter.Family is FlowFamily.IPv6 or FlowFamily.Any && (byProtocol || filter.Family == FlowFamily.IPv6))
        {
            yield return new DumpRequest(filter, Native.AF_INET6, byProtocol);
        }

        if (filter.Family == FlowFamily.Any && !byProtocol)
        {
            yield return new DumpRequest(filter, Native.AF_UNSPEC, false);
        }
    }

    /// <summary>Whether it asks for nothing but an IP version.</summary>
    internal bool IsPlain => !ByProtocol && Filter.Mark is null && Filter.Match?.Zone is null && StatusBits().Mask == 0;

    /// <summary>Writes the message.</summary>
    /// <returns>Its length.</returns>
    internal int Write(Span<byte> buffer, uint sequence)
    {
        var writer = new MessageWriter(buffer);
        writer.Begin(Ctnetlink.IPCTNL_MSG_CT_GET, Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, sequence, Family);
        if (Filter.Mark is { } mark)
        {
            // The kernel compares the masked mark with the value as it is.
            writer.BigEndian32(Ctnetlink.CTA_MARK, mark & Filter.MarkMask);
            writer.BigEndian32(Ctnetlink.CTA_MARK_MASK, Filter.MarkMask);
        }

        if (Filter.Match?.Zone is { } zone)
        {
            writer.BigEndian16(Ctnetlink.CTA_ZONE, zone);
        }

        var (status, mask) = StatusBits();
        if (mask != 0)
        {
            writer.BigEndian32(Ctnetlink.CTA_STATUS, (uint)(status & mask));
            writer.BigEndian32(Ctnetlink.CTA_STATUS_MASK, (uint)mask);
        }

        if (ByProtocol && Filter.Match?.Protocol is { } protocol)
        {
            var tuple = writer.BeginNest(Ctnetlink.CTA_TUPLE_ORIG);
            var part = writer.BeginNest(Ctnetlink.CTA_TUPLE_PROTO);
            writer.Attribute(Ctnetlink.CTA_PROTO_NUM, [protocol]);
            writer.EndNest(part);
            writer.EndNest(tuple);

            // Attributes inside CTA_FILTER are in the machine's byte order.
            var filter = writer.BeginNest(Ctnetlink.CTA_FILTER);
            writer.Attribute(Ctnetlink.CTA_FILTER_ORIG_FLAGS, BitConverter.GetBytes(FilterByProtocol));
            writer.EndNest(filter);
        }

        writer.End();
        return writer.Length;
    }

    private (FlowStatus Status, FlowStatus Mask) StatusBits()
    {
        var (status, mask) = (Filter.Status, Filter.StatusMask);
        if (Filter.Match?.Unreplied is { } unreplied && (mask & FlowStatus.SeenReply) == 0)
        {
            mask |= FlowStatus.SeenReply;
            status = unreplied ? status & ~FlowStatus.SeenReply : status | FlowStatus.SeenReply;
        }

        if (Filter.Match?.Assured is { } assured && (mask & FlowStatus.Assured) == 0)
        {
            mask |= FlowStatus.Assured;
            status = assured ? status | FlowStatus.Assured : status & ~FlowStatus.Assured;
        }

        return (status, mask);
    }
}
