namespace ConntrackOperator.Netfilter.Counters;

/// <summary>Rates per minute over a sliding window of a minute, in monotonic time. Not safe for several threads at once.</summary>
public sealed class RateMeter
{
    private static readonly TimeSpan _window = TimeSpan.FromMinutes(1);

    // Bounds what is kept, however often readings come; over less there is no rate to speak of.
    private static readonly TimeSpan _shortestStep = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly List<(long Timestamp, ConntrackCounters Counters)> _history = [];
    private ConntrackCounters? _newest;

    /// <summary>Starts with no history.</summary>
    public RateMeter(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
    }

    /// <summary>Takes a reading made just now and gives the rates of the minute that ends with it.</summary>
    /// <param name="counters">The reading.</param>
    /// <returns>
    /// While there is less than a minute of history, the rates over what there is; null, not known yet, under half a second of
    /// it. Readings come a while apart, so <see cref="CounterRates.Span"/> can be longer than a minute. Counters that can't be
    /// compared with those before (another epoch, or another reader) start the history again.
    /// </returns>
    public CounterRates? Update(ConntrackCounters counters)
    {
        ArgumentNullException.ThrowIfNull(counters);
        var now = _time.GetTimestamp();
        if (_newest is not null && (_newest.Epoch != counters.Epoch || WentBack(_newest, counters)))
        {
            _history.Clear();
        }

        _newest = counters;
        if (_history.Count == 0 || _time.GetElapsedTime(_history[^1].Timestamp, now) >= _shortestStep)
        {
            _history.Add((now, counters));
        }

        // Keep one reading that is a minute old or older, as the start of the window.
        var stale = 0;
        while (stale + 1 < _history.Count && _time.GetElapsedTime(_history[stale + 1].Timestamp, now) >= _window)
        {
            stale++;
        }

        _history.RemoveRange(0, stale);
        var start = _history[0];
        var span = _time.GetElapsedTime(start.Timestamp, now);
        return span < _shortestStep ? null : CounterRates.Between(start.Counters, counters, span);
    }

    private static bool WentBack(ConntrackCounters from, ConntrackCounters to) =>
        to.Drop < from.Drop || to.EarlyDrop < from.EarlyDrop || to.InsertFailed < from.InsertFailed
        || to.ChainTooLong < from.ChainTooLong || to.ClashResolve < from.ClashResolve || to.Invalid < from.Invalid
        || to.SearchRestart < from.SearchRestart || to.TableFullDrops < from.TableFullDrops
        || to.RacesLost < from.RacesLost || to.OtherDrops < from.OtherDrops;
}
