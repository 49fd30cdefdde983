using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>How many entries come a second, how long each stays, and what the table has for them.</summary>
public sealed record FindingDemand
{
    /// <summary>New entries a second.</summary>
    [Range(0, StatusBounds.Count)]
    public long? PerSecond { get; init; }

    /// <summary>How long each lives, in seconds.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Seconds { get; init; }

    /// <summary>Entries that they can have.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Has { get; init; }
}
