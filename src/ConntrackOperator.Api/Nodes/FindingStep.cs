using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>One thing to do.</summary>
public sealed record FindingStep
{
    /// <summary>What and why, in a sentence.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? What { get; init; }

    /// <summary>
    /// Shell that does it, line by line: those of kubectl where that is set up, others as root on the node. Left out where it is done
    /// elsewhere.
    /// </summary>
    [MaxItems(StatusBounds.StepLines), MaxLength(StatusBounds.Message)]
    public List<string>? Run { get; init; }
}
