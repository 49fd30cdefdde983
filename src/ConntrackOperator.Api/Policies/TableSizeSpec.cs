using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>The limit of entries: exactly one of entries and auto.</summary>
[Rule("has(self.entries) != has(self.auto)", RuleMessages.ExactlyOneSize)]
public sealed record TableSizeSpec
{
    /// <summary>The same number for every node, 1024 to 134217728.</summary>
    [Range(TableSpec.MinimumEntries, TableSpec.MaximumEntries)]
    public long? Entries { get; init; }

    /// <summary>Computed for each node from its memory and cores.</summary>
    public AutoSizeSpec? Auto { get; init; }
}
