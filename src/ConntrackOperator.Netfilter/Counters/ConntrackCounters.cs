namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// One reading of a network namespace's counters, summed over all CPUs: 64-bit totals which start at what the kernel had
/// counted when it was first asked, and never go back while one <see cref="CounterReader"/> lives.
/// </summary>
public sealed record ConntrackCounters
{
    /// <summary>Packets lost because no entry could be had for them: the table was full, or memory was.</summary>
    public required long Drop { get; init; }

    /// <summary>Entries not assured that were evicted to make room for new ones.</summary>
    public required long EarlyDrop { get; init; }

    /// <summary>Packets lost at insertion: a lost race, or a chain too long.</summary>
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

    /// <summary>When this was read, by the wall clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where it was read.</summary>
    public required CounterSource Source { get; init; }
}
