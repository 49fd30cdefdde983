namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>How far a deletion has come.</summary>
/// <param name="Examined">Entries looked at.</param>
/// <param name="Matched">Entries that match.</param>
/// <param name="Deleted">Entries deleted; 0 in a dry run.</param>
/// <param name="TableEntries">Entries in the table when it began, as the kernel counts them.</param>
/// <param name="Elapsed">Time since it began.</param>
public readonly record struct DeleteProgress(long Examined, long Matched, long Deleted, long TableEntries, TimeSpan Elapsed);
