using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>The table's size from a node's memory and cores: the larger of what memoryPercent and entriesPerCore give, then kept within minEntries and maxEntries.</summary>
[Rule("has(self.memoryPercent) || has(self.entriesPerCore)", RuleMessages.AutoNeedsSource)]
[Rule("!has(self.minEntries) || !has(self.maxEntries) || self.minEntries <= self.maxEntries",
    RuleMessages.MinAboveMax, Field = "minEntries")]
public sealed record AutoSizeSpec
{
    /// <summary>The share of the node's memory that a full table may take, in percent.</summary>
    [Range(1, 50)]
    public int? MemoryPercent { get; init; }

    /// <summary>Entries for each core of the node.</summary>
    [Range(256, 16777216)]
    public long? EntriesPerCore { get; init; }

    /// <summary>Never fewer entries than this.</summary>
    [Range(1024, 134217728)]
    public long? MinEntries { get; init; }

    /// <summary>Never more entries than this.</summary>
    [Range(1024, 134217728)]
    public long? MaxEntries { get; init; }
}
