using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How many entries the connection-tracking table can hold.</summary>
public sealed record TableSpec
{
    /// <summary>The smallest table that may be asked for, in entries or buckets.</summary>
    public const long MinimumEntries = 1024;

    /// <summary>The greatest table that may be asked for, in entries or buckets.</summary>
    public const long MaximumEntries = 134217728;

    /// <summary>The least memoryLimitPercent.</summary>
    public const int MinimumMemoryLimitPercent = 1;

    /// <summary>The greatest memoryLimitPercent.</summary>
    public const int MaximumMemoryLimitPercent = 90;

    /// <summary>The default of memoryLimitPercent.</summary>
    public const int DefaultMemoryLimitPercent = 10;

    /// <summary>The limit of entries (nf_conntrack_max): a number, or computed for each node from its memory and cores.</summary>
    public TableSizeSpec? Size { get; init; }

    /// <summary>
    /// Buckets of the hash table (nf_conntrack_buckets); the kernel rounds up to a multiple of 512. Left out: one an entry when size is
    /// set, never fewer than there are.
    /// </summary>
    [Range(MinimumEntries, MaximumEntries)]
    public long? Buckets { get; init; }

    /// <summary>
    /// A plan whose full table would take more than this share of the node's memory is refused for that node, in percent. Left out: 10.
    /// </summary>
    [Range(MinimumMemoryLimitPercent, MaximumMemoryLimitPercent)]
    public int? MemoryLimitPercent { get; init; }
}
