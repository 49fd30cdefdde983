using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How many entries the connection-tracking table can hold.</summary>
public sealed record TableSpec
{
    /// <summary>The limit of entries (nf_conntrack_max): a number, or computed for each node from its memory and cores.</summary>
    public TableSizeSpec? Size { get; init; }

    /// <summary>Buckets of the hash table (nf_conntrack_buckets); the kernel rounds up to a multiple of 512. Left out: one an entry when size is set, never fewer than there are.</summary>
    [Range(1024, 134217728)]
    public long? Buckets { get; init; }

    /// <summary>A plan whose full table would take more than this share of the node's memory is refused for that node, in percent. Left out: 10.</summary>
    [Range(1, 90)]
    public int? MemoryLimitPercent { get; init; }
}
