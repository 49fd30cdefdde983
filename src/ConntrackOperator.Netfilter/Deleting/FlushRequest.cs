using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>The request to delete every entry that a filter lets through (IPCTNL_MSG_CT_DELETE with CTA_FILTER).</summary>
/// <remarks>
/// It always has an original tuple, CTA_FILTER and an id that no entry has, whether they say anything or not. A kernel that does not delete
/// by CTA_FILTER (before 6.12) goes by the tuple and deletes one entry at most, never the table (ctnetlink_del_conntrack: it flushes only
/// where there is no tuple), and the id keeps it from that one as well. A kernel that does, does not look at the id.
/// </remarks>
internal static class FlushRequest
{
    /// <summary>Ids are hashes (nf_ct_get_id); none was ever 0 in tests, and one in four thousand million may be.</summary>
    internal const uint NoId = 0;

    internal const int MaxBytes = FilterAttributes.MaxMessageBytes;

    /// <returns>The message's length.</returns>
    internal static int Write(Span<byte> buffer, KernelFilter filter, uint sequence)
    {
        var writer = new MessageWriter(buffer);
        writer.Begin(Ctnetlink.IPCTNL_MSG_CT_DELETE, Nl.NLM_F_REQUEST | Nl.NLM_F_ACK, sequence, filter.Family);
        FilterAttributes.Write(ref writer, filter, always: true);
        writer.BigEndian32(Ctnetlink.CTA_ID, NoId);
        writer.End();
        return writer.Length;
    }
}
