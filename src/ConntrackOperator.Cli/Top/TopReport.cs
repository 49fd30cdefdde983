using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Cli.Top;

/// <summary>What fills one table, who put it there, and what to change.</summary>
internal sealed record TopReport
{
    /// <summary>What is said where there is no report to go by.</summary>
    public const string NotKnown = "not known: its agent has not reported";

    /// <summary>The machine or the node.</summary>
    public required string Name { get; init; }

    /// <summary>When the table was looked at.</summary>
    public DateTimeOffset? At { get; init; }

    public long? Entries { get; init; }

    public long? Limit { get; init; }

    /// <summary>True where the kernel has no limit; left out otherwise.</summary>
    public bool? NoLimit { get; init; }

    public int? Percent { get; init; }

    /// <summary>Packets dropped because the table was full. This and the other rates are left out when not known yet.</summary>
    public double? TableFullDropsPerMinute { get; init; }

    /// <summary>Packets lost in races at insertion, which no size of the table helps.</summary>
    public double? RacesLostPerMinute { get; init; }

    /// <summary>Packets dropped that were neither.</summary>
    public double? OtherDropsPerMinute { get; init; }

    public double? EarlyDropsPerMinute { get; init; }

    /// <summary>Packets lost because a hash chain was too long.</summary>
    public double? ChainTooLongPerMinute { get; init; }

    /// <summary>Packets that belong to no connection that could be.</summary>
    public double? InvalidPerMinute { get; init; }

    /// <summary>Over how long the rates were counted.</summary>
    public double? RatesOverSeconds { get; init; }

    /// <summary>Exact: every entry was looked at. Estimated: a sample was.</summary>
    public string? Basis { get; init; }

    /// <summary>Entries that were looked at.</summary>
    public long? Sampled { get; init; }

    /// <summary>How far off a share can be, in percentage points; 0 when every entry was looked at.</summary>
    public double? ErrorBoundPercent { get; init; }

    /// <summary>By how many percentage points samples of this table are off, as a full count found; left out where none was made.</summary>
    public double? SampleErrorPercent { get; init; }

    public double? UnrepliedPercent { get; init; }

    public double? AssuredPercent { get; init; }

    /// <summary>
    /// For how long the time-outs had been watched without a gap. Longer idle times take it that they were the same before.
    /// </summary>
    public string? TimeoutsWatchedFor { get; init; }

    public required List<TopState> States { get; init; }

    public required List<TopTalker> Sources { get; init; }

    public required List<TopTalker> Destinations { get; init; }

    /// <summary>The probability that a new connection finds room, in percent; left out when not known.</summary>
    public int? HeadroomPercent { get; init; }

    /// <summary>When the table is full if it goes on; left out when it does not grow steadily, or only one look was taken.</summary>
    public string? FullIn { get; init; }

    /// <summary>What that is based on.</summary>
    public string? FullInBasis { get; init; }

    /// <summary>Translated addresses with most ports in use for one destination.</summary>
    public List<NatStatus>? Nat { get; init; }

    /// <summary>Left out where only a node's status is known.</summary>
    public List<TopTalker>? Ports { get; init; }

    public required List<TopAdvice> Advice { get; init; }
}

/// <summary>One protocol in one state.</summary>
internal sealed record TopState
{
    public required string Protocol { get; init; }

    public string? State { get; init; }

    public required double Percent { get; init; }

    /// <summary>About how many entries that is.</summary>
    public long? Entries { get; init; }

    public double? UnrepliedPercent { get; init; }

    /// <summary>Half of them have been idle for at least so long.</summary>
    public string? IdleP50 { get; init; }

    /// <summary>One in ten of them has been idle for at least so long.</summary>
    public string? IdleP90 { get; init; }

    /// <summary>Half of them have been idle for no longer; null where that is not known.</summary>
    public string? IdleP50AtMost { get; init; }

    /// <summary>Nine in ten of them have been idle for no longer; null where that is not known.</summary>
    public string? IdleP90AtMost { get; init; }

    /// <summary>The configured time-out.</summary>
    public string? Timeout { get; init; }
}

/// <summary>One source, destination or port.</summary>
internal sealed record TopTalker
{
    public string? Address { get; init; }

    public int? Port { get; init; }

    public string? Protocol { get; init; }

    public required double Percent { get; init; }

    /// <summary>How far off the share can be, in percentage points.</summary>
    public double? ErrorBoundPercent { get; init; }

    /// <summary>The pod or service that has the address, as kind namespace/name.</summary>
    public string? Name { get; init; }
}

/// <summary>One piece of advice.</summary>
internal sealed record TopAdvice
{
    public string? Node { get; init; }

    public string? Kind { get; init; }

    public string? Severity { get; init; }

    public required string Text { get; init; }

    /// <summary>The policy's field below spec.</summary>
    public string? Field { get; init; }

    public string? Value { get; init; }

    public long? EntriesFreed { get; init; }
}
