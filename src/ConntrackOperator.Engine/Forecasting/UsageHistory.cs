namespace ConntrackOperator.Engine.Forecasting;

/// <summary>
/// How many entries there were in each minute of the last 25 hours: 6 kB, however often they are counted. Minutes are those of the
/// monotonic clock, so a clock that is set makes no difference. A minute in which nothing was counted is not known. Not thread-safe.
/// </summary>
public sealed class UsageHistory
{
    /// <summary>Minutes that are kept.</summary>
    public const int Minutes = 25 * 60;

    private readonly float[] _ring = new float[Minutes];
    private readonly TimeProvider _time;
    private readonly long _start;
    private long _minute;
    private double _sum;
    private int _counted;

    /// <summary>Knows nothing yet.</summary>
    /// <param name="time">Its monotonic clock.</param>
    public UsageHistory(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _start = time.GetTimestamp();
        Array.Fill(_ring, float.NaN);
    }

    /// <summary>Takes a count.</summary>
    /// <param name="entries">Entries in the table; null: they could not be counted.</param>
    /// <returns>True when a minute has ended since the call before.</returns>
    public bool Add(long? entries)
    {
        var minute = (long)_time.GetElapsedTime(_start).TotalMinutes;
        var ended = minute > _minute;
        if (ended)
        {
            End(minute);
        }

        if (entries is { } counted)
        {
            _sum += counted;
            _counted++;
        }

        return ended;
    }

    /// <summary>The mean of each whole minute, the oldest first, the last one that ended last; NaN where it is not known.</summary>
    public float[] Latest()
    {
        var latest = new float[Minutes];
        for (var i = 0; i < Minutes; i++)
        {
            latest[i] = _ring[(int)((_minute + i) % Minutes)];
        }

        return latest;
    }

    // The slot of the minute that goes on is the oldest one's, whose 25 hours are over.
    private void End(long minute)
    {
        _ring[(int)(_minute % Minutes)] = _counted == 0 ? float.NaN : (float)(_sum / _counted);
        for (var missed = Math.Max(_minute + 1, minute - Minutes); missed < minute; missed++)
        {
            _ring[(int)(missed % Minutes)] = float.NaN;
        }

        (_minute, _sum, _counted) = (minute, 0, 0);
    }
}
