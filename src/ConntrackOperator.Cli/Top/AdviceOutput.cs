using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Cli.Top;

/// <summary>All that is to be said of one table, as <c>advise -o json</c> prints it.</summary>
internal sealed record AdviceOutput
{
    public required string Node { get; init; }

    public DateTimeOffset? At { get; init; }

    public required string Pressure { get; init; }

    public required AdviceTable Table { get; init; }

    public required IReadOnlyList<Finding> Findings { get; init; }

    public required IReadOnlyList<NotKnown> NotKnown { get; init; }

    public IReadOnlyList<NamespaceFacts>? Namespaces { get; init; }
}

/// <summary>The table that the findings are about.</summary>
internal sealed record AdviceTable
{
    public long? Entries { get; init; }

    public long? Limit { get; init; }

    public bool? NoLimit { get; init; }

    public int? Percent { get; init; }

    /// <summary>Entries that were looked at.</summary>
    public long? Looked { get; init; }

    /// <summary>When they were.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    public bool? Complete { get; init; }

    public double? ErrorBoundPercent { get; init; }

    /// <summary>Seconds between the two looks that rates come from.</summary>
    public double? WatchedSeconds { get; init; }

    public Bounds? NewPerSecond { get; init; }

    /// <summary>Seconds that the rates a minute were counted over; null: they are not known.</summary>
    public double? RatesOverSeconds { get; init; }

    public double? LostForWantPerMinute { get; init; }

    public double? LostInRacesPerMinute { get; init; }

    public double? EarlyDropsPerMinute { get; init; }

    public double? InvalidPerMinute { get; init; }

    public long? FullInSeconds { get; init; }

    public bool? DropsInvalid { get; init; }

    public string? DropsInvalidRule { get; init; }
}
