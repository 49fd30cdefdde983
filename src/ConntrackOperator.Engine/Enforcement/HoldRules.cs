using System.Globalization;

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
        if (Height(target) >= Height(actual) || entries is not { } count || (Int128)count * 100 < (Int128)target * belowPercent)
        {
            return null;
        }

        var needed = (long)((Int128)target * belowPercent / 100);
        return string.Create(CultureInfo.InvariantCulture,
            $"not lowered yet: with {count} entries in the table a limit of {target} would leave it {(Int128)count * 100 / target}% full; it is lowered from {(actual == 0 ? "no limit" : actual)} once there are fewer than {needed}");
    }

    /// <summary>0 is no limit, the highest there is (net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc).</summary>
    private static long Height(long limit) => limit == 0 ? long.MaxValue : limit;

    /// <summary>Each resize stops all CPUs' tracking while every entry is rehashed.</summary>
    public static string? Resize(TimeSpan? sinceLast, TimeSpan interval) =>
        sinceLast is { } passed && passed < interval
            ? string.Create(CultureInfo.InvariantCulture,
                $"not resized yet: the hash table was resized {(long)passed.TotalSeconds} s ago, and each resize rehashes every entry with all locks held; retried after {(long)interval.TotalSeconds} s")
            : null;

    /// <summary>A resize by less than a quarter is not worth the stop.</summary>
    public static bool WithinAQuarter(long actual, long target) =>
        Int128.Abs((Int128)target - actual) * 4 < actual;
}
