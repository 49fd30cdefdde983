namespace ConntrackOperator.Engine.Forecasting;

/// <summary>When a table that goes on growing as it does is full.</summary>
/// <param name="In">From the last minute that was counted.</param>
/// <param name="EntriesPerMinute">How fast it grows.</param>
/// <param name="MinutesLookedAt">From how many minutes that is known.</param>
/// <param name="AsTheDayBefore">Whether the day before is known, and what came then after the same hour is reckoned with.</param>
public readonly record struct TimeToFull(TimeSpan In, double EntriesPerMinute, int MinutesLookedAt, bool AsTheDayBefore)
{
    /// <summary>What it is based on, such as: 1,200 more entries a minute, from 42 minutes.</summary>
    public string Basis => $"{EntriesPerMinute:N0} more entries a minute, from {MinutesLookedAt} minutes"
        + (AsTheDayBefore ? ", and from what came after them the day before" : string.Empty);
}
