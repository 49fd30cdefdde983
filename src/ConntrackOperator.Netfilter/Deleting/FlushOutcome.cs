namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What deleting by filters did.</summary>
/// <param name="TableEntries">Entries in the table when it began.</param>
/// <param name="Matched">Entries that matched.</param>
/// <param name="Deleted">Those of them that are gone.</param>
/// <param name="Offloaded">Those of them that are still there, since a flow table forwards them.</param>
/// <param name="Approximate">
/// Whether they were too many to be counted one by one: then it is what the kernel's own count of the table fell by, in which entries that
/// began or ended at the same time are as well.
/// </param>
/// <param name="Stopped">Why the kernel did not delete by every filter; null when it did.</param>
internal readonly record struct FlushOutcome(
    long TableEntries, long Matched, long Deleted, long Offloaded, bool Approximate, string? Stopped);
