using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What a deletion did.</summary>
public sealed record DeleteResult
{
    /// <summary>
    /// Entries looked at here, by the kernel alone where <see cref="ByKernel"/> says so. Where the kernel decides a part of the match, it
    /// gives only those that this part holds for.
    /// </summary>
    public required long Examined { get; init; }

    /// <summary>Entries in the table when it began, as the kernel counts them, or more where more were looked at.</summary>
    public long TableEntries { get; init; }

    /// <summary>Entries that matched.</summary>
    public required long Matched { get; init; }

    /// <summary>
    /// Entries that did not match only because it is not certain that they were idle for so long: they were if the time-outs that were
    /// found first had held before (<see cref="FlowMatch.TimeoutsHeld"/>).
    /// </summary>
    public long MatchingIfHeld { get; init; }

    /// <summary>Entries deleted; 0 in a dry run.</summary>
    public required long Deleted { get; init; }

    /// <summary>
    /// Entries that had gone by themselves, or whose tuple the kernel found with another entry: it has come since, or its reply is the
    /// same in a zone of one direction (nf_ct_zone_equal). In the last case they are still there.
    /// </summary>
    public required long Gone { get; init; }

    /// <summary>Entries that were asked for again before they were deleted and no longer matched: they stay.</summary>
    public required long Kept { get; init; }

    /// <summary>
    /// Entries that match and were not deleted, since a flow table forwards them (flowtable offload): kernels before 6.4, and before
    /// stable releases of mid-2023, keep those until the flow table lets them go.
    /// </summary>
    public long Offloaded { get; init; }

    /// <summary>
    /// Whether the kernel deleted by a filter, in one request an IP version. Then no entry was read between the decision and its deletion:
    /// there are no delays.
    /// </summary>
    public bool ByKernel { get; init; }

    /// <summary>
    /// Whether <see cref="Matched"/> and <see cref="Deleted"/> are approximate: the kernel deleted by a filter more entries than were
    /// counted one by one, and it does not say how many; they are what its own count of the table fell by.
    /// </summary>
    public bool Approximate { get; init; }

    /// <summary>
    /// How often an entry was asked for again, since what was known of it was too old (a machine with other work to do), or
    /// a time-out was changed meanwhile.
    /// </summary>
    public required long AskedAgain { get; init; }

    /// <summary>
    /// 99 % of the deletions came within this time of the kernel's reading of the entry that they went by, counted from its
    /// earliest to the deletion's latest moment, to 20 µs above. Null when nothing was sent.
    /// </summary>
    public required TimeSpan? DelayP99 { get; init; }

    /// <summary>The longest such time; null when nothing was sent.</summary>
    public required TimeSpan? DelayLongest { get; init; }

    /// <summary>Entries that the kernel would not delete.</summary>
    public required long Failed { get; init; }

    /// <summary>The kernel's first reason for those; null when there are none.</summary>
    public required string? Error { get; init; }

    /// <summary>Whether nothing was to be deleted.</summary>
    public required bool DryRun { get; init; }

    /// <summary>
    /// Why the kernel would not go on amid it; null when it did to the end. <see cref="Deleted"/> says what was deleted until then, and
    /// <see cref="Matched"/> what is known to have matched.
    /// </summary>
    public string? Stopped { get; init; }

    /// <summary>Whether the whole table was looked at.</summary>
    public required bool Complete { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }
}
