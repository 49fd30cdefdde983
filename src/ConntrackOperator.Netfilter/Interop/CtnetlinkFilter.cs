namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// The flags inside CTA_FILTER, in the machine's byte order: which parts of a tuple are compared. No exported header has them; they are
/// in net/netfilter/nf_internals.h since Linux 5.8.
/// </summary>
internal static class CtnetlinkFilter
{
    internal const uint CTA_FILTER_F_CTA_IP_SRC = 1 << 0;
    internal const uint CTA_FILTER_F_CTA_IP_DST = 1 << 1;
    internal const uint CTA_FILTER_F_CTA_TUPLE_ZONE = 1 << 2;
    internal const uint CTA_FILTER_F_CTA_PROTO_NUM = 1 << 3;
    internal const uint CTA_FILTER_F_CTA_PROTO_SRC_PORT = 1 << 4;
    internal const uint CTA_FILTER_F_CTA_PROTO_DST_PORT = 1 << 5;
    internal const uint CTA_FILTER_F_CTA_PROTO_ICMP_TYPE = 1 << 6;
    internal const uint CTA_FILTER_F_CTA_PROTO_ICMP_CODE = 1 << 7;
    internal const uint CTA_FILTER_F_CTA_PROTO_ICMP_ID = 1 << 8;

    /// <summary>CTA_FILTER_F_CTA_PROTO_ICMPV6_TYPE, _CODE and _ID are bits 9 to 11: each three further on than ICMP's.</summary>
    internal const int FromIcmpToIcmpv6 = 3;

    /// <summary>A bit that no kernel knows (there are 12): a kernel that reads CTA_FILTER refuses it.</summary>
    internal const uint Invalid = 1u << 31;
}
