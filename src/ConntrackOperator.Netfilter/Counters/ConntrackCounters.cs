namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// One reading of a network namespace's counters, summed over all CPUs: 64-bit totals which start at what the kernel had
/// counted when it was first asked, and never go back while one <see cref="CounterReader"/> lives.
/// </summary>
public sealed record ConntrackCounters
{
    /// <summary>
    /// The kernel's own counter "drop": packets lost because no entry could be had for them, and packets that lost a race at
    /// insertion. <see cref="TableFullDrops"/>, <see cref="RacesLost"/> and <see cref="OtherDrops"/> are its parts.
    /// </summary>
    public required long Drop { get; init; }

    /// <summary>
    /// Packets lost for want of room: at least so many. What was counted before the first reading is taken to be that when it
    /// can't have been a race; after it, only while the table may have been full.
    /// </summary>
    public required long TableFullDrops { get; init; }

    /// <summary>
    /// Packets lost because another packet's entry for the same tuple was inserted first (two clients behind one address with
    /// one source port, mostly DNS). In the kernel both "drop" and "insert_failed" count it; no size of the table helps.
    /// </summary>
    public required long RacesLost { get; init; }

    /// <summary>
    /// Packets counted in "drop" that were neither: no memory for an entry, or a protocol's tracker that refused the packet,
    /// while the table was far from its limit.
    /// </summary>
    public required long OtherDrops { get; init; }

    /// <summary>Entries not assured that were evicted to make room for new ones.</summary>
    public required long EarlyDrop { get; init; }

    /// <summary>
    /// The kernel's own counter "insert_failed": insertions that lost a race or met a chain too long. Before Linux 5.10 or so
    /// also races that were resolved without a loss.
    /// </summary>
    public required long InsertFailed { get; init; }

    /// <summary>Races at insertion that were resolved without a loss. 0 before Linux 5.9.</summary>
    public required long ClashResolve { get; init; }

    /// <summary>Insertions refused because a hash chain was too long. 0 before Linux 5.15.</summary>
    public required long ChainTooLong { get; init; }

    /// <summary>Packets that belong to no connection that could be.</summary>
    public required long Invalid { get; init; }

    /// <summary>Look-ups that met a resize of the hash table and began again.</summary>
    public required long SearchRestart { get; init; }

    /// <summary>Look-ups that found an entry. No longer a count of all of them since Linux 4.9.</summary>
    public required long Found { get; init; }

    /// <summary>Entries inserted. No longer counted since Linux 4.9, except for those that a program inserts.</summary>
    public required long Insert { get; init; }

    /// <summary>Entries deleted. 0 since Linux 4.9.</summary>
    public required long Delete { get; init; }

    /// <summary>Packets passed over, such as those already tracked. 0 since Linux 5.10.</summary>
    public required long Ignore { get; init; }

    /// <summary>ICMP errors that could not be matched with a connection.</summary>
    public required long Error { get; init; }

    /// <summary>
    /// Grows when totals can't be compared with those before: the counters began again, their source changed, or a CPU came
    /// that was not there before. Rates are made within one epoch.
    /// </summary>
    public int Epoch { get; init; }

    /// <summary>When this was read, by the wall clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where it was read.</summary>
    public required CounterSource Source { get; init; }
}
