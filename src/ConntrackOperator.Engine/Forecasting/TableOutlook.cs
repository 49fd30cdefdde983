using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Engine.Forecasting;

/// <summary>Remembers how full the table was, and says from that how near it is to being full. Not thread-safe.</summary>
internal sealed class TableOutlook(TimeProvider time)
{
    private readonly UsageHistory _history = new(time);
    private TimeToFull? _full;
    private long _fullAt;
    private long? _limit;

    /// <summary>Takes what was read; once a minute, and when the limit is another one, it looks again whether the table grows.</summary>
    internal void Add(in TableReading reading)
    {
        if (!_history.Add(reading.Entries) && reading.Limit == _limit)
        {
            return;
        }

        _limit = reading.Limit;
        _full = reading.Limit is { } limit ? FullForecast.Of(_history.Latest(), limit) : null;
        _fullAt = time.GetTimestamp();
    }

    /// <summary>What is to be said now.</summary>
    internal Outlook Of(in TableReading reading, Breakdown? breakdown)
    {
        var whenFull = breakdown is { Sampled: > 0 } && reading is { Limit: { } limit, Buckets: { } buckets }
            ? Headroom.WhenFull(limit, buckets, 1 - (breakdown.AssuredPercent / 100))
            : null;
        return new Outlook(Headroom.Now(reading, whenFull), whenFull, Left(reading));
    }

    // What is full now is not full soon; and a forecast grows old with the readings.
    private TimeToFull? Left(in TableReading reading)
    {
        if (_full is not { } full || reading.Entries is not { } entries || reading.Limit is not { } limit || entries >= limit)
        {
            return null;
        }

        var left = full.In - time.GetElapsedTime(_fullAt);
        return full with { In = left > TimeSpan.Zero ? left : TimeSpan.Zero };
    }
}
