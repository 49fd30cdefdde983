namespace ConntrackOperator.Netfilter.Counters;

/// <summary>What was counted over the last minute, or as long as there was to see, as rates per minute. All are 0 or more.</summary>
public sealed record CounterRates
{
    /// <summary>Over how long it was counted.</summary>
    public required TimeSpan Span { get; init; }

    /// <summary>Packets lost because the table was full. See <see cref="ConntrackCounters.TableFullDrops"/>.</summary>
    public required double TableFullDropsPerMinute { get; init; }

    /// <summary>Packets that lost a race at insertion. See <see cref="ConntrackCounters.RacesLost"/>.</summary>
    public required double RacesLostPerMinute { get; init; }

    /// <summary>Packets dropped that were neither. See <see cref="ConntrackCounters.OtherDrops"/>.</summary>
    public required double OtherDropsPerMinute { get; init; }

    /// <summary>Entries evicted to make room.</summary>
    public required double EarlyDropsPerMinute { get; init; }

    /// <summary>Insertions that lost a race or met a chain too long, as the kernel counts them.</summary>
    public required double InsertFailedPerMinute { get; init; }

    /// <summary>Packets lost because a hash chain was too long.</summary>
    public required double ChainTooLongPerMinute { get; init; }

    /// <summary>Races resolved without a loss.</summary>
    public required double ClashResolvePerMinute { get; init; }

    /// <summary>Packets that belong to no connection that could be.</summary>
    public required double InvalidPerMinute { get; init; }

    /// <summary>Look-ups that began again because of a resize.</summary>
    public required double SearchRestartPerMinute { get; init; }

    /// <summary>The rates between two readings of one epoch.</summary>
    internal static CounterRates Between(ConntrackCounters from, ConntrackCounters to, TimeSpan span)
    {
        var minutes = span.TotalMinutes;
        return new()
        {
            Span = span,
            TableFullDropsPerMinute = (to.TableFullDrops - from.TableFullDrops) / minutes,
            RacesLostPerMinute = (to.RacesLost - from.RacesLost) / minutes,
            OtherDropsPerMinute = (to.OtherDrops - from.OtherDrops) / minutes,
            EarlyDropsPerMinute = (to.EarlyDrop - from.EarlyDrop) / minutes,
            InsertFailedPerMinute = (to.InsertFailed - from.InsertFailed) / minutes,
            ChainTooLongPerMinute = (to.ChainTooLong - from.ChainTooLong) / minutes,
            ClashResolvePerMinute = (to.ClashResolve - from.ClashResolve) / minutes,
            InvalidPerMinute = (to.Invalid - from.Invalid) / minutes,
            SearchRestartPerMinute = (to.SearchRestart - from.SearchRestart) / minutes,
        };
    }
}
