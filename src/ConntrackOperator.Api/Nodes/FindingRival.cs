using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>Another cause that looks alike.</summary>
public sealed record FindingRival
{
    /// <summary>Which, such as TableTooSmall.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Cause { get; init; }

    /// <summary>What speaks against it.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Why { get; init; }
}
