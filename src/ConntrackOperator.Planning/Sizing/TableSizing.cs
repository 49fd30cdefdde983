using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Sizing;

/// <summary>The maths of the table's size: pure, in entries and bytes.</summary>
public static class TableSizing
{
    /// <summary>
    /// Memory of one entry in bytes: a slab slot of 256 and 128 for its extensions (kmalloc-128), which it has as soon as it has one:
    /// masquerading, accounting, timestamps, events, labels, a helper (net/netfilter/nf_conntrack_core.c, nf_conntrack_extend.c; measured
    /// by the benchmarks' command memory). Plans reckon with this: NAT rules come without asking. SNAT and DNAT alone add none on
    /// kernels of today (nf_nat_masquerade.c is what calls nf_ct_nat_ext_add), but once NAT is loaded entries can have it.
    /// </summary>
    public const int BytesPerEntry = BytesPerBareEntry + BytesPerExtensions;

    /// <summary>Memory of one entry in bytes where none can have an extension.</summary>
    public const int BytesPerBareEntry = 256;

    /// <summary>Memory of one entry's extensions in bytes.</summary>
    public const int BytesPerExtensions = 128;

    /// <summary>Memory of one bucket in bytes: a list head.</summary>
    public const int BytesPerBucket = 8;

    /// <summary>The kernel rounds the number of buckets up to a multiple of this: a page of list heads (nf_ct_alloc_hashtable).</summary>
    public const int BucketStep = 512;

    /// <summary>Rounds as the kernel does.</summary>
    /// <param name="buckets">Buckets, 0 or more.</param>
    /// <returns>The next multiple of <see cref="BucketStep"/>.</returns>
    public static long RoundBuckets(long buckets) => (buckets + BucketStep - 1) / BucketStep * BucketStep;

    /// <summary>What a full table takes.</summary>
    /// <param name="entries">Entries.</param>
    /// <param name="buckets">Buckets.</param>
    /// <param name="bytesPerEntry">Bytes of one entry.</param>
    /// <returns>Bytes; <see cref="long.MaxValue"/> where they would not fit.</returns>
    public static long MemoryBytes(long entries, long buckets, int bytesPerEntry) =>
        (long)Int128.Min(long.MaxValue, ((Int128)entries * bytesPerEntry) + ((Int128)buckets * BytesPerBucket));

    /// <summary>A share of an amount, rounded down, without overflow.</summary>
    /// <param name="amount">The amount, such as bytes of memory.</param>
    /// <param name="percent">The share in percent.</param>
    /// <returns>The share.</returns>
    public static long Share(long amount, int percent) => (long)((Int128)amount * percent / 100);

    /// <summary>The greatest table whose entries and buckets fit into an amount of memory when full.</summary>
    /// <param name="budget">Bytes.</param>
    /// <param name="bytesPerEntry">Bytes of one entry.</param>
    /// <param name="buckets">Buckets, when a policy sets them; null: one an entry.</param>
    /// <returns>Entries, 0 or more; a multiple of <see cref="BucketStep"/> when buckets follow the entries, so that rounding costs
    /// nothing.</returns>
    public static long EntriesWithin(long budget, int bytesPerEntry, long? buckets = null) => buckets is { } fixedBuckets
        ? Math.Max(0, budget - fixedBuckets * BytesPerBucket) / bytesPerEntry
        : budget / (bytesPerEntry + BytesPerBucket) / BucketStep * BucketStep;

    /// <summary>
    /// The size for a node: the larger of what memoryPercent and entriesPerCore give, kept within minEntries and maxEntries, and always
    /// within <see cref="TableSpec.MinimumEntries"/> and <see cref="TableSpec.MaximumEntries"/>.
    /// </summary>
    /// <param name="auto">The policy's wish.</param>
    /// <param name="cores">The node's cores, when entriesPerCore is set.</param>
    /// <param name="memoryBytes">The node's memory, when memoryPercent is set.</param>
    /// <param name="bytesPerEntry">Bytes of one entry.</param>
    /// <param name="buckets">Buckets, when a policy sets them; null: one an entry.</param>
    /// <returns>Entries, and the way to them in words.</returns>
    public static TableSize Auto(AutoSizeSpec auto, int cores, long memoryBytes, int bytesPerEntry, long? buckets = null)
    {
        ArgumentNullException.ThrowIfNull(auto);
        var rules = new List<string>();
        long entries = 0;
        if (auto.MemoryPercent is { } percent)
        {
            entries = EntriesWithin(Share(memoryBytes, percent), bytesPerEntry, buckets);
            rules.Add($"memoryPercent {percent} of {ByteSize.Format(memoryBytes)} gives {entries}");
        }

        if (auto.EntriesPerCore is { } perCore)
        {
            var byCores = perCore * cores;
            entries = Math.Max(entries, byCores);
            rules.Add($"entriesPerCore {perCore} x {cores} gives {byCores}");
        }

        var rule = string.Join(", ", rules) + (rules.Count > 1 ? "; the larger" : string.Empty);
        AtLeast(auto.MinEntries, "minEntries");
        AtMost(auto.MaxEntries, "maxEntries");
        AtLeast(TableSpec.MinimumEntries, "the smallest table allowed,");
        AtMost(TableSpec.MaximumEntries, "the greatest table allowed,");
        return new TableSize(entries, rule);

        void AtLeast(long? bound, string name)
        {
            if (bound is { } minimum && entries < minimum)
            {
                entries = minimum;
                rule += $"; raised to {name} {minimum}";
            }
        }

        void AtMost(long? bound, string name)
        {
            if (bound is { } maximum && entries > maximum)
            {
                entries = maximum;
                rule += $"; lowered to {name} {maximum}";
            }
        }
    }
}
