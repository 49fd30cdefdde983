using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>When a change would hurt now. Pure; each answer is the reason to wait, or null.</summary>
internal static class HoldRules
{
    /// <summary>
    /// A limit below what is in the table drops the next packets: the kernel evicts unassured entries only, and few of them
    /// (net/netfilter/nf_conntrack_core.c, early_drop).
    /// </summary>
    public static string? Limit(long actual, long target, long? entries, int belowPercent)
    {
        if (Height(target) >= Height(actual))
        {
            return null;
        }

        if (entries is not { } count)
        {
            return $"not lowered yet: nf_conntrack_count can't be read, so whether what is in the table fits into {target} is not known";
        }

        if ((Int128)count * 100 < (Int128)target * belowPercent)
        {
            return null;
        }

        var needed = (long)((Int128)target * belowPercent / 100);
        return $"not lowered yet: with {count} entries in the table a limit of {target} would leave it {(Int128)count * 100 / target}% "
            + $"full; it is lowered from {SysctlWords.Of(SysctlNames.Max, actual)} once there are fewer than {needed}";
    }

    /// <summary>0 is no limit, the highest there is (net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc).</summary>
    private static long Height(long limit) => limit == 0 ? long.MaxValue : limit;

    /// <summary>
    /// Each resize stops all CPUs' tracking while every entry is rehashed: so long, and so often, that it stays a small share of the time.
    /// </summary>
    /// <param name="sinceLast">How long ago the last one was; null: there was none.</param>
    /// <param name="last">For how long that held the locks.</param>
    /// <param name="next">For how long this one would.</param>
    /// <param name="options">How large a share.</param>
    public static string? Resize(TimeSpan? sinceLast, TimeSpan last, TimeSpan next, EnforcerOptions options)
    {
        var cost = last > next ? last : next;
        return sinceLast is { } passed && cost > options.FreeRehash && passed < cost / options.RehashShare
            ? "not resized yet: each resize rehashes every entry with all locks held, here for about "
            + $"{Math.Ceiling(cost.TotalMilliseconds):0} ms, and the last one was less than "
            + $"{Math.Ceiling((cost / options.RehashShare).TotalSeconds):0} s ago"
            : null;
    }

    /// <summary>A resize by less than a quarter is not worth the stop.</summary>
    public static bool WithinAQuarter(long actual, long target) =>
        Int128.Abs((Int128)target - actual) * 4 < actual;
}
