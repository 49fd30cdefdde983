namespace ConntrackOperator.Netfilter.Counters;

/// <summary>Where counters came from.</summary>
public enum CounterSource
{
    /// <summary>No reading has succeeded yet.</summary>
    None,

    /// <summary>ctnetlink: IPCTNL_MSG_CT_GET_STATS_CPU.</summary>
    Ctnetlink,

    /// <summary>/proc/net/stat/nf_conntrack.</summary>
    Proc,
}
