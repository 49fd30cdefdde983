namespace ConntrackOperator.Netfilter.Reading;

/// <summary>Where the table is read.</summary>
public enum FlowSource
{
    /// <summary>ctnetlink, or /proc where ctnetlink is not there or not allowed.</summary>
    Automatic,

    /// <summary>ctnetlink: everything, needs CAP_NET_ADMIN.</summary>
    Ctnetlink,

    /// <summary>/proc/net/nf_conntrack: fewer fields, needs CAP_NET_ADMIN too on most kernels and CONFIG_NF_CONNTRACK_PROCFS.</summary>
    Proc,
}
