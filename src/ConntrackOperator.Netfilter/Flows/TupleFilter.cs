using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>What the kernel is to compare in one direction of an entry. IPv4 addresses only: see <see cref="KernelFilter"/>.</summary>
internal readonly record struct TupleFilter
{
    internal FlowAddress? Source { get; init; }

    internal FlowAddress? Destination { get; init; }

    internal ushort? SourcePort { get; init; }

    internal ushort? DestinationPort { get; init; }

    /// <summary>Its flags in CTA_FILTER, without the protocol's, which ports need as well.</summary>
    internal uint Flags =>
        (Source is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_IP_SRC)
        | (Destination is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_IP_DST)
        | (SourcePort is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_SRC_PORT)
        | (DestinationPort is null ? 0 : CtnetlinkFilter.CTA_FILTER_F_CTA_PROTO_DST_PORT);

    internal bool HasPorts => SourcePort is not null || DestinationPort is not null;
}
