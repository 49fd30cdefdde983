namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What one protocol's entries in one state make of the table.</summary>
public sealed record StateShare
{
    /// <summary>The protocol's name, such as tcp, or its number.</summary>
    public required string Protocol { get; init; }

    /// <summary>The state, such as ESTABLISHED; UNREPLIED, REPLIED or STREAM for UDP and GRE; empty where there is none.</summary>
    public required string State { get; init; }

    /// <summary>Entries seen.</summary>
    public required long Count { get; init; }

    /// <summary>Entries of the table: <see cref="Count"/> scaled up from the sample.</summary>
    public required long EstimatedEntries { get; init; }

    /// <summary>Percent of the entries.</summary>
    public required double Percent { get; init; }

    /// <summary>How far off <see cref="Percent"/> can be, in points; see <see cref="Breakdown.ErrorBoundPercent"/>.</summary>
    public required double ErrorBoundPercent { get; init; }

    /// <summary>
    /// Percent of the entries that the reading began with, as a sample sees it; null where <see cref="Breakdown.SampleErrorPercent"/> is.
    /// </summary>
    public double? SamplePercent { get; init; }

    /// <summary>Of these entries, the percent without a reply.</summary>
    public required double UnrepliedPercent { get; init; }

    /// <summary>Of these entries, the percent that are assured.</summary>
    public required double AssuredPercent { get; init; }

    /// <summary>The sysctl that is their time-out, or null where the kernel's is fixed.</summary>
    public required string? TimeoutKey { get; init; }

    /// <summary>What it is set to, where known.</summary>
    public required TimeSpan? Timeout { get; init; }

    /// <summary>Half of them have been idle for at least this long; null where idle times are not known.</summary>
    public required TimeSpan? IdleP50 { get; init; }

    /// <summary>One in ten of them has been idle for at least this long; null where idle times are not known.</summary>
    public required TimeSpan? IdleP90 { get; init; }

    /// <summary>Half of them have been idle for no longer than this; null where that is not known.</summary>
    public TimeSpan? IdleP50AtMost { get; init; }

    /// <summary>Nine in ten of them have been idle for no longer than this; null where that is not known.</summary>
    public TimeSpan? IdleP90AtMost { get; init; }

    /// <summary>How long ago, at least, the time-outs of the entries seen were armed, where that is known.</summary>
    public required IdleHistogram Idle { get; init; }

    /// <summary>About how many entries of the table have been idle for at least this long: what a time-out so short would free.</summary>
    public long EstimateIdleAtLeast(TimeSpan idle) =>
        Count == 0 ? 0 : (long)(Idle.CountIdleAtLeast(idle) * EstimatedEntries / Count);
}
