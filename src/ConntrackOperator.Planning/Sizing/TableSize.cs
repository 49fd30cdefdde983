namespace ConntrackOperator.Planning.Sizing;

/// <summary>A table's size and how it was computed.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Rule">How, in words; null when the number was given as it is.</param>
public sealed record TableSize(long Entries, string? Rule);
