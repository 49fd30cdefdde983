using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>A flush that the node shall do, once.</summary>
public sealed record NodeFlush
{
    /// <summary>The ConntrackFlush's UID: the node never does the same twice.</summary>
    [Required, MinLength(1), MaxLength(64)]
    public string? Uid { get; init; }

    /// <summary>The ConntrackFlush's name, for messages.</summary>
    [MaxLength(253)]
    public string? Name { get; init; }

    /// <summary>Which entries.</summary>
    [Required]
    public FlushMatch? Match { get; init; }

    /// <summary>
    /// How many conditions the match has. An agent that finds another number there does nothing: a condition that its version does not
    /// know, or that an older CustomResourceDefinition has dropped, would make the match a wider one. Left out by older controllers: the
    /// flush then waits until one that counts them has written the plan again.
    /// </summary>
    [Range(0, 64)]
    public int? Conditions { get; init; }

    /// <summary>Count what matches and delete nothing.</summary>
    public bool? DryRun { get; init; }
}

/// <summary>What became of a flush on the node.</summary>
public sealed record NodeFlushStatus
{
    /// <summary>The ConntrackFlush's UID.</summary>
    [Required, MinLength(1), MaxLength(64)]
    public string? Uid { get; init; }

    /// <summary>Entries that matched.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Matched { get; init; }

    /// <summary>Entries that were deleted.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Deleted { get; init; }

    /// <summary>
    /// True where both are approximate: the kernel deleted by a filter more than was counted one by one, and does not say how many.
    /// </summary>
    public bool? Approximate { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why it failed; left out when it did not.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Error { get; init; }
}
