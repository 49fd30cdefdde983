using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Engine.Observation;

/// <summary>What the kernel said of its table at one instant. What could not be read is null.</summary>
/// <param name="Entries">Entries in the table.</param>
/// <param name="Limit">What it can hold; null also where the kernel has no limit.</param>
/// <param name="Buckets">Buckets of its hash table.</param>
/// <param name="MemoryBytes">What it would take when full, in bytes; null without a limit.</param>
/// <param name="Counters">Totals since the boot; null where the kernel gives none.</param>
/// <param name="Rates">What goes wrong, a minute; null when not known yet.</param>
/// <param name="NoLimit">Whether nf_conntrack_max is 0: no limit, the highest there is.</param>
public readonly record struct TableReading(
    long? Entries, long? Limit, long? Buckets, long? MemoryBytes, ConntrackCounters? Counters, CounterRates? Rates, bool NoLimit = false)
{
    /// <summary>Bytes of one entry that <see cref="MemoryBytes"/> reckons with.</summary>
    public int EntryBytes { get; init; } = TableSizing.BytesPerEntry;

    /// <summary>Why entries can have extensions; null: none can.</summary>
    public string? ExtensionsWhy { get; init; }

    /// <summary>How full the table is, in percent, rounded down; null when unknown or without a limit.</summary>
    public int? Percent =>
        Entries is { } entries && Limit is > 0 and { } limit ? (int)Int128.Min(100, (Int128)entries * 100 / limit) : null;
}
