namespace ConntrackOperator.Netfilter.Counters;

/// <summary>Rates per minute over a sliding window of a minute, in monotonic time. Not safe for several threads at once.</summary>
public sealed class RateMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    // One drop in the first second must not read as sixty a minute.
    private static readonly TimeSpan ShortestSpan = TimeSpan.FromSeconds(10);

    // Bounds what is kept, however often readings come.
    private static readonly TimeSpan ShortestStep = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider time;
    private readonly List<(long Timestamp, ConntrackCounters Counters)> history = [];
    private ConntrackCounters? newest;

    /// <summary>Starts with no history.</summary>
    public RateMeter(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        this.time = time;
    }

    /// <summary>Takes a reading made just now and gives the rates of the minute that ends with it.</summary>
    /// <param name="counters">The reading.</param>
    /// <returns>
    /// Zero at the first reading. While there is less than a minute of history, the rate over what there is (at least ten
    /// seconds). Counters that went back (another reader) start the history again.
    /// </returns>
    public CounterRates Update(ConntrackCounters counters)
    {
        ArgumentNullException.ThrowIfNull(counters);
        var now = time.GetTimestamp();
        if (newest is not null && WentBack(newest, counters))
        {
            history.Clear();
        }

        newest = counters;
        if (history.Count == 0 || time.GetElapsedTime(history[^1].Timestamp, now) >= ShortestStep)
        {
            history.Add((now, counters));
        }

        // Keep one reading that is a minute old or older, as the start of the window.
        var stale = 0;
        while (stale + 1 < history.Count && time.GetElapsedTime(history[stale + 1].Timestamp, now) >= Window)
        {
            stale++;
        }

        history.RemoveRange(0, stale);
        var start = history[0];
        var span = time.GetElapsedTime(start.Timestamp, now);
        return span <= TimeSpan.Zero ? CounterRates.Zero : Rates(start.Counters, counters, span < ShortestSpan ? ShortestSpan : span);
    }

    private static CounterRates Rates(ConntrackCounters from, ConntrackCounters to, TimeSpan span)
    {
        var minutes = span.TotalMinutes;
        return new CounterRates(
            (to.Drop - from.Drop) / minutes,
            (to.EarlyDrop - from.EarlyDrop) / minutes,
            (to.InsertFailed - from.InsertFailed) / minutes,
            (to.ChainTooLong - from.ChainTooLong) / minutes,
            (to.ClashResolve - from.ClashResolve) / minutes,
            (to.Invalid - from.Invalid) / minutes,
            (to.SearchRestart - from.SearchRestart) / minutes);
    }

    private static bool WentBack(ConntrackCounters from, ConntrackCounters to) =>
        to.Drop < from.Drop || to.EarlyDrop < from.EarlyDrop || to.InsertFailed < from.InsertFailed
        || to.ChainTooLong < from.ChainTooLong || to.ClashResolve < from.ClashResolve || to.Invalid < from.Invalid
        || to.SearchRestart < from.SearchRestart;
}
