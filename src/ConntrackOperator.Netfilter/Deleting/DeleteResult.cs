namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What a deletion did.</summary>
public sealed record DeleteResult
{
    /// <summary>Entries looked at.</summary>
    public required long Examined { get; init; }

    /// <summary>Entries that matched.</summary>
    public required long Matched { get; init; }

    /// <summary>
    /// Entries that did not match only because it is not certain that they were idle for so long: they were if the time-outs that were
    /// found first had held before (<see cref="FlowMatch.TimeoutsHeld"/>).
    /// </summary>
    public long MatchingIfHeld { get; init; }

    /// <summary>Entries deleted; 0 in a dry run.</summary>
    public required long Deleted { get; init; }

    /// <summary>Entries that had gone by themselves, or whose tuple belonged to another entry by then.</summary>
    public required long Gone { get; init; }

    /// <summary>Entries that the kernel would not delete.</summary>
    public required long Failed { get; init; }

    /// <summary>The kernel's first reason for those; null when there are none.</summary>
    public required string? Error { get; init; }

    /// <summary>Whether nothing was to be deleted.</summary>
    public required bool DryRun { get; init; }

    /// <summary>Whether the whole table was looked at.</summary>
    public required bool Complete { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }
}
