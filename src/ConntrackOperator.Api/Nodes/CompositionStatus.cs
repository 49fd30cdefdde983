using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// What the table is made of, and who has the most entries: by a full count while later samples agree with it, else by a sample.
/// </summary>
public sealed record CompositionStatus
{
    /// <summary>The value of <see cref="Basis"/> where every entry was looked at.</summary>
    public const string Exact = "Exact";

    /// <summary>The value of <see cref="Basis"/> where a sample was.</summary>
    public const string Estimated = "Estimated";

    /// <summary>Exact: every entry was looked at. Estimated: a sample was. It holds for the composition and for top.</summary>
    [AllowedValues(Exact, Estimated)]
    public string? Basis { get; init; }

    /// <summary>Entries that were looked at.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Sampled { get; init; }

    /// <summary>How far off each share can be, in percentage points (999 in 1,000 are nearer); 0 when every entry was looked at.</summary>
    [Range(0, 100)]
    public double? ErrorBoundPercent { get; init; }

    /// <summary>
    /// By how many percentage points samples of this table are off, as the last full count found: the largest difference of a state's
    /// share. It stays about the same until the next boot. Left out where no full count holds.
    /// </summary>
    [Range(0, 100)]
    public double? SampleErrorPercent { get; init; }

    /// <summary>Entries that have had no reply, in percent.</summary>
    [Range(0, 100)]
    public int? UnrepliedPercent { get; init; }

    /// <summary>
    /// Assured entries, in percent. A full table evicts others first; of assured ones, TCP that is closing may be evicted, too.
    /// </summary>
    [Range(0, 100)]
    public int? AssuredPercent { get; init; }

    /// <summary>The protocols and states with the most entries, at most 10.</summary>
    [MaxItems(10)]
    public List<StateShareStatus>? States { get; init; }

    /// <summary>
    /// For how long the node's time-outs had been watched without a gap. Longer idle times take it that they were the same before.
    /// </summary>
    [MaxLength(StatusBounds.Word)]
    public string? TimeoutsWatchedFor { get; init; }

    /// <summary>When it was looked at; a full count can be an hour old, and is shown only while later samples agree with it.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>The share of one protocol in one state.</summary>
public sealed record StateShareStatus
{
    /// <summary>The protocol, such as tcp.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Protocol { get; init; }

    /// <summary>The state, such as ESTABLISHED; left out where the protocol has none.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? State { get; init; }

    /// <summary>The share of all entries, in percent.</summary>
    [Range(0, 100)]
    public int? Percent { get; init; }

    /// <summary>How many entries; scaled up where the basis is Estimated, which of few entries can see none.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Entries { get; init; }

    /// <summary>Half of them have been idle for at least this long.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? IdleP50 { get; init; }

    /// <summary>One in ten of them has been idle for at least this long.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? IdleP90 { get; init; }

    /// <summary>Half of them have been idle for no longer than this; left out where that is not known.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? IdleP50AtMost { get; init; }

    /// <summary>Nine in ten of them have been idle for no longer than this; left out where that is not known.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? IdleP90AtMost { get; init; }
}

/// <summary>Who has the most entries.</summary>
public sealed record TopStatus
{
    /// <summary>Sources, at most 5.</summary>
    [MaxItems(5)]
    public List<TopSource>? Sources { get; init; }

    /// <summary>Destinations, at most 5.</summary>
    [MaxItems(5)]
    public List<TopDestination>? Destinations { get; init; }
}

/// <summary>A source with many entries.</summary>
public sealed record TopSource
{
    /// <summary>Its address.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Address { get; init; }

    /// <summary>Its share of all entries, in percent.</summary>
    [Range(0, 100)]
    public int? Percent { get; init; }
}

/// <summary>A destination with many entries.</summary>
public sealed record TopDestination
{
    /// <summary>Its address.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Address { get; init; }

    /// <summary>The port; left out where the protocol has none.</summary>
    [Range(0, 65535)]
    public int? Port { get; init; }

    /// <summary>The protocol, such as tcp.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Protocol { get; init; }

    /// <summary>Its share of all entries, in percent.</summary>
    [Range(0, 100)]
    public int? Percent { get; init; }
}
