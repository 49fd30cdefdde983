using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>
/// The table's size from a node's memory and cores: the larger of what memoryPercent and entriesPerCore give, then kept within minEntries
/// and maxEntries.
/// </summary>
[Rule("has(self.memoryPercent) || has(self.entriesPerCore)", RuleMessages.AutoNeedsSource)]
[Rule("!has(self.minEntries) || !has(self.maxEntries) || self.minEntries <= self.maxEntries",
    RuleMessages.MinAboveMax, Field = "minEntries")]
public sealed record AutoSizeSpec
{
    /// <summary>The least memoryPercent.</summary>
    public const int MinimumMemoryPercent = 1;

    /// <summary>The greatest memoryPercent.</summary>
    public const int MaximumMemoryPercent = 50;

    /// <summary>The least entriesPerCore.</summary>
    public const long MinimumEntriesPerCore = 256;

    /// <summary>The greatest entriesPerCore.</summary>
    public const long MaximumEntriesPerCore = 16777216;

    /// <summary>The share of the node's memory that a full table may take, in percent.</summary>
    [Range(MinimumMemoryPercent, MaximumMemoryPercent)]
    public int? MemoryPercent { get; init; }

    /// <summary>Entries for each core of the node.</summary>
    [Range(MinimumEntriesPerCore, MaximumEntriesPerCore)]
    public long? EntriesPerCore { get; init; }

    /// <summary>Never fewer entries than this.</summary>
    [Range(TableSpec.MinimumEntries, TableSpec.MaximumEntries)]
    public long? MinEntries { get; init; }

    /// <summary>Never more entries than this.</summary>
    [Range(TableSpec.MinimumEntries, TableSpec.MaximumEntries)]
    public long? MaxEntries { get; init; }
}
