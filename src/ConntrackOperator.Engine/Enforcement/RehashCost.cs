namespace ConntrackOperator.Engine.Enforcement;

/// <summary>
/// How long a change of the hash table's size stops connection tracking: every entry of every network namespace is rehashed with
/// all locks held (net/netfilter/nf_conntrack_core.c, nf_conntrack_hash_resize). Pure.
/// </summary>
internal static class RehashCost
{
    // Measured: 370 to 560 ns an entry (benchmarks, rehash); an empty bucket is one pointer read in order.
    private const long NanosecondsPerEntry = 500;
    private const long NanosecondsPerBucket = 2;
    private const long NanosecondsPerTick = 100;

    /// <summary>The time for which the locks are held.</summary>
    /// <param name="entries">Entries of all namespaces.</param>
    /// <param name="buckets">Buckets that are left behind.</param>
    public static TimeSpan Of(long entries, long buckets)
    {
        var ticks = ((Int128)Math.Max(0, entries) * NanosecondsPerEntry + ((Int128)Math.Max(0, buckets) * NanosecondsPerBucket))
            / NanosecondsPerTick;
        return TimeSpan.FromTicks((long)Int128.Min(ticks, TimeSpan.FromHours(1).Ticks));
    }
}
