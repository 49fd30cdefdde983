using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>The status bits of an entry (enum ip_conntrack_status in linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
public enum FlowStatus : uint
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>It was expected by a helper.</summary>
    Expected = Ctnetlink.IPS_EXPECTED,

    /// <summary>Packets went both ways.</summary>
    SeenReply = Ctnetlink.IPS_SEEN_REPLY,

    /// <summary>
    /// A new connection does not evict it. Above 95 % of the limit the kernel's garbage collector still does when it is TCP that is
    /// closing (net/netfilter/nf_conntrack_core.c, gc_worker; tcp_can_early_drop).
    /// </summary>
    Assured = Ctnetlink.IPS_ASSURED,

    /// <summary>It is in the table.</summary>
    Confirmed = Ctnetlink.IPS_CONFIRMED,

    /// <summary>Its source is translated.</summary>
    SourceNat = Ctnetlink.IPS_SRC_NAT,

    /// <summary>Its destination is translated.</summary>
    DestinationNat = Ctnetlink.IPS_DST_NAT,

    /// <summary>It is being removed.</summary>
    Dying = Ctnetlink.IPS_DYING,

    /// <summary>Its time-out does not start again with each packet.</summary>
    FixedTimeout = Ctnetlink.IPS_FIXED_TIMEOUT,

    /// <summary>A flow table forwards it.</summary>
    Offload = Ctnetlink.IPS_OFFLOAD,

    /// <summary>The network card forwards it.</summary>
    HardwareOffload = Ctnetlink.IPS_HW_OFFLOAD,
}
