using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>In which order keys are written. Pure.</summary>
internal static class WriteOrder
{
    /// <summary>
    /// Growing: buckets before the limit, so that no long chains build up. Shrinking: the limit first. The upper threshold of
    /// IPv6 fragments before the lower when they rise, after it when they fall: the kernel refuses lower above upper
    /// (net/ipv6/netfilter/nf_conntrack_reasm.c).
    /// </summary>
    public static int Rank(string name, bool rises) => name switch
    {
        SysctlNames.Buckets => rises ? 0 : 2,
        SysctlNames.Max => 1,
        SysctlNames.Fragment6HighThreshold => rises ? 3 : 5,
        SysctlNames.Fragment6LowThreshold => 4,
        _ => 6,
    };
}
