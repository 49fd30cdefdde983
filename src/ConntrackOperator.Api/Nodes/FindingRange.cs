using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>A number that is known within bounds.</summary>
public sealed record FindingRange
{
    /// <summary>It is no smaller.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Least { get; init; }

    /// <summary>It is no greater.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Most { get; init; }
}
