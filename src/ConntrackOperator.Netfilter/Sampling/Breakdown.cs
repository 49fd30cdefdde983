using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What fills the table: all of it, or an estimate from a sample. Lists are in falling order.</summary>
public sealed record Breakdown
{
    /// <summary>Where it was read.</summary>
    public required FlowSource Source { get; init; }

    /// <summary>When the reading ended.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How long the reading took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Entries seen.</summary>
    public required long Sampled { get; init; }

    /// <summary>Entries in the table: counted by the kernel, or <see cref="Sampled"/> when the end was reached.</summary>
    public required long TableEntries { get; init; }

    /// <summary>Whether every entry was seen; else the numbers are estimates.</summary>
    public required bool Complete { get; init; }

    /// <summary>
    /// How far off a share can be, in percentage points, because only a sample was seen: 999 of 1,000 estimates are nearer
    /// than this. 0 when complete. A table that changes while it is read is not counted in.
    /// </summary>
    public required double ErrorBoundPercent { get; init; }

    /// <summary>
    /// How far off, in percentage points, the share of a state was in the sample that this reading began with: the largest of
    /// <see cref="StateShare.SamplePercent"/>. Later samples see the same buckets, so it stays about the same. Null when the reading
    /// was no more than a sample, or none was set apart.
    /// </summary>
    public double? SampleErrorPercent { get; init; }

    /// <summary>Percent of the entries that are assured: a full table evicts others first.</summary>
    public required double AssuredPercent { get; init; }

    /// <summary>Percent of the entries without a reply.</summary>
    public required double UnrepliedPercent { get; init; }

    /// <summary>Every protocol and state that was seen.</summary>
    public required IReadOnlyList<StateShare> States { get; init; }

    /// <summary>Who has most entries, at most ten.</summary>
    public required IReadOnlyList<SourceShare> TopSources { get; init; }

    /// <summary>Who has most entries without a reply, at most ten; percent of all entries.</summary>
    public required IReadOnlyList<SourceShare> TopUnrepliedSources { get; init; }

    /// <summary>Where most entries go, at most ten.</summary>
    public required IReadOnlyList<DestinationShare> TopDestinations { get; init; }

    /// <summary>Where most TCP entries in ESTABLISHED and CLOSE_WAIT go, each state by itself, at most ten.</summary>
    public required IReadOnlyList<DestinationShare> TopTcpDestinationsByState { get; init; }

    /// <summary>Which destination ports most entries have, at most ten.</summary>
    public required IReadOnlyList<PortShare> TopPorts { get; init; }

    /// <summary>
    /// For how long the time-outs had been watched without a gap. Idle times that are longer take it that the time-outs had been the
    /// same before, where the clock assumes that. Null when they are known for as long as the machine has run.
    /// </summary>
    public TimeSpan? TimeoutsWatchedFor { get; init; }

    /// <summary>Entries passed over because they made no sense.</summary>
    public required long Undecodable { get; init; }
}
