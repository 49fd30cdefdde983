namespace ConntrackOperator.Netfilter.Counters;

/// <summary>What was counted over the last minute, as rates per minute. All are 0 or more.</summary>
/// <param name="DropsPerMinute">Packets lost because no entry could be had.</param>
/// <param name="EarlyDropsPerMinute">Entries evicted to make room.</param>
/// <param name="InsertFailedPerMinute">Packets lost at insertion.</param>
/// <param name="ChainTooLongPerMinute">Insertions refused because a hash chain was too long.</param>
/// <param name="ClashResolvePerMinute">Races resolved without a loss.</param>
/// <param name="InvalidPerMinute">Packets that belong to no connection that could be.</param>
/// <param name="SearchRestartPerMinute">Look-ups that began again because of a resize.</param>
public sealed record CounterRates(
    double DropsPerMinute,
    double EarlyDropsPerMinute,
    double InsertFailedPerMinute,
    double ChainTooLongPerMinute,
    double ClashResolvePerMinute,
    double InvalidPerMinute,
    double SearchRestartPerMinute)
{
    /// <summary>Nothing counted.</summary>
    public static CounterRates Zero { get; } = new(0, 0, 0, 0, 0, 0, 0);
}
