using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>What the kernel is to compare in one direction of an entry. IPv4 addresses only: see <see cref="KernelFilter"/>.</summary>
internal readonly record struct TupleFilter
{
    internal FlowAddress? Source { get; init; }

    internal FlowAddress? Destination { get; init; }

    internal ushort? SourcePort { get; init; }

    internal ushort? DestinationPort { get; init; }

    internal IcmpMatch Icmp { get; init; }

    /// <summary>Its flags in CTA_FILTER, without the protocol's, which all but the addresses need as well.</summary>
    /// <param name="protocol">The protocol: ICMP and ICMPv6 have flags of their own.</param>
    internal uint Flags(byte? protocol)
    {
        // The three of ICMPv6 come right after the three of ICMP.
        var icmp = (Icmp.Type is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_ICMP_TYPE)
            | (Icmp.Code is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_ICMP_CODE)
            | (Icmp.Id is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_ICMP_ID);
        return (Source is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_IP_SRC)
            | (Destination is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_IP_DST)
            | (SourcePort is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_SRC_PORT)
            | (DestinationPort is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_DST_PORT)
            | (protocol == Native.IPPROTO_ICMPV6 ? icmp << CtnetlinkFilter.FromIcmpToIcmpv6 : icmp);
    }

    /// <summary>Whether something is compared that the protocol must be known for.</summary>
    internal bool HasProtocolParts => SourcePort is not null || DestinationPort is not null || !Icmp.IsEmpty;
}
