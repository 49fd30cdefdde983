using ConntrackOperator.Engine.Observation;

namespace ConntrackOperator.Engine.Forecasting;

/// <summary>
/// The probability that a new connection finds room. Below its limit a table has room for every one. At the limit the kernel evicts
/// unassured entries of the same network namespace from the bucket that the connection falls into and the seven after it, and drops
/// the packet when there are none (early_drop in net/netfilter/nf_conntrack_core.c, NF_CT_EVICTION_RANGE, of kernels from 4.18 on).
/// Each entry is in two buckets, one a direction, and the hash spreads them at random: the entries that can be evicted in eight
/// buckets are Poisson-distributed. Pure.
/// </summary>
public static class Headroom
{
    // NF_CT_EVICTION_RANGE.
    private const int BucketsLookedAt = 8;
    private const int Directions = 2;

    /// <summary>What it is while the table is at its limit.</summary>
    /// <param name="entries">Entries of the namespace when it is full, which is the limit.</param>
    /// <param name="buckets">Buckets of the hash table.</param>
    /// <param name="unassuredShare">The share of its entries that are not assured, 0 to 1.</param>
    /// <returns>0 to 1; null where there are no buckets yet.</returns>
    public static double? WhenFull(long entries, long buckets, double unassuredShare) =>
        buckets <= 0 || entries <= 0 || !double.IsFinite(unassuredShare)
        ? null
        : 1 - Math.Exp(-BucketsLookedAt * Directions * Math.Clamp(unassuredShare, 0, 1) * entries / buckets);

    /// <summary>
    /// What it has been over the last minute: 1 unless the table was at its limit, which evictions and losses tell as well as its count.
    /// </summary>
    /// <param name="reading">The table.</param>
    /// <param name="whenFull">What it is at the limit; null: not known.</param>
    /// <returns>0 to 1; null when not known.</returns>
    public static double? Now(in TableReading reading, double? whenFull) => reading switch
    {
        { NoLimit: true } => 1,
        { Entries: null } or { Limit: null } => null,
        _ when reading.Entries >= reading.Limit || reading.Rates is { EarlyDropsPerMinute: > 0 } or { TableFullDropsPerMinute: > 0 } =>
            whenFull,
        _ => 1,
    };

    /// <summary>In percent, rounded down: 100 is every connection.</summary>
    /// <param name="probability">0 to 1; null: not known.</param>
    public static int? Percent(double? probability) => probability is { } known ? (int)Math.Floor(known * 100) : null;
}
