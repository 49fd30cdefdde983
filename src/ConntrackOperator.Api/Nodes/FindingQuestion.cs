using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>Something that is not known.</summary>
public sealed record FindingQuestion
{
    /// <summary>What is not known.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? What { get; init; }

    /// <summary>The command that would tell, or what to look at.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Look { get; init; }
}
