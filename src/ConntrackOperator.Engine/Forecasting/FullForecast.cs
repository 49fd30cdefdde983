namespace ConntrackOperator.Engine.Forecasting;

/// <summary>
/// Whether a table grows steadily, and when it is full if it goes on. Says nothing rather than something wrong:
/// the last hour must have risen in each of its quarters (a step, a burst or a short wave does not), by more than it scatters, and
/// the line reaches no further ahead than three times what it is drawn through. The slope is that of Theil and Sen, the median
/// over all pairs of minutes, which a quarter of them being wild does not move. Where the same hour of the day before is known, what
/// came after it is taken to come again, with what the table grows faster now: a daily wave ends where it ended. Pure.
/// </summary>
public static class FullForecast
{
    private const int Window = 60;
    private const int Day = 24 * 60;
    private const int Fewest = 15;
    private const int Quarters = 4;
    private const int Ahead = 3;

    // Of the whole rise, what each quarter must have at least; a third would be even growth.
    private const double LeastPart = 0.15;

    // The rise against how far minutes are from the line, in standard deviations.
    private const double LeastRise = 3;
    private const double DeviationOfMedian = 1.4826;

    /// <summary>Looks at the last hour, and at the day before it where that is known.</summary>
    /// <param name="minutes">Entries in each minute, the oldest first, the last one just over; NaN where not known.</param>
    /// <param name="limit">What the table can hold now.</param>
    /// <returns>Null: it does not grow, or nobody can tell.</returns>
    public static TimeToFull? Of(ReadOnlySpan<float> minutes, long limit)
    {
        var hour = Known(minutes, Window);
        if (limit <= 0 || minutes.Length == 0 || float.IsNaN(minutes[^1]) || Span(hour) < Fewest || hour.Count < Fewest
            || !RisesInEachQuarter(hour))
        {
            return null;
        }

        // What grows more slowly of late than before levels off.
        var slope = Math.Min(Slope(hour), Slope(hour.GetRange(hour.Count / 2, hour.Count - (hour.Count / 2))));
        var span = Span(hour);
        if (slope <= 0 || slope * span < LeastRise * Scatter(hour, slope))
        {
            return null;
        }

        var now = Level(minutes)!.Value;
        var horizon = Ahead * span;
        var free = limit - now;
        if (free > slope * horizon)
        {
            return null;
        }

        if (minutes.Length > Day + Fewest && Known(minutes[..^Day], Window) is { } before && Span(before) >= Fewest
            && before.Count >= Fewest)
        {
            var more = Math.Max(0, slope - Slope(before));
            return AsBefore(minutes, now, more, limit, horizon) is { } later
                ? new TimeToFull(TimeSpan.FromMinutes(later), slope, hour.Count, true) : null;
        }

        return new TimeToFull(TimeSpan.FromMinutes(Math.Max(0, free / slope)), slope, hour.Count, false);
    }

    /// <summary>
    /// In how many minutes the table is full if it does as it did the day before, and by so much more a minute as it does now.
    /// </summary>
    private static int? AsBefore(ReadOnlySpan<float> minutes, double now, double more, long limit, int horizon)
    {
        if (Level(minutes[..^Day]) is not { } then)
        {
            return null;
        }

        for (var ahead = 0; ahead <= Math.Min(horizon, Day); ahead++)
        {
            if (Level(minutes[..^(Day - ahead)]) is { } before && now + before - then + (more * ahead) >= limit)
            {
                return ahead;
            }
        }

        return null;
    }

    /// <summary>How full it was at the end: one minute alone may be wild.</summary>
    private static double? Level(ReadOnlySpan<float> minutes)
    {
        var last = Known(minutes, Fewest / 3);
        return last.Count == 0 ? null : Median([.. last.Select(point => point.Entries)]);
    }

    private static List<(int Minute, double Entries)> Known(ReadOnlySpan<float> minutes, int last)
    {
        var known = new List<(int, double)>(last);
        for (var i = Math.Max(0, minutes.Length - last); i < minutes.Length; i++)
        {
            if (!float.IsNaN(minutes[i]))
            {
                known.Add((i, minutes[i]));
            }
        }

        return known;
    }

    private static int Span(List<(int Minute, double Entries)> points) => points.Count == 0 ? 0 : points[^1].Minute - points[0].Minute + 1;

    private static bool RisesInEachQuarter(List<(int Minute, double Entries)> points)
    {
        var levels = new double[Quarters];
        for (var quarter = 0; quarter < Quarters; quarter++)
        {
            var (from, to) = (quarter * points.Count / Quarters, (quarter + 1) * points.Count / Quarters);
            levels[quarter] = Median([.. points.GetRange(from, to - from).Select(point => point.Entries)]);
        }

        var rise = levels[^1] - levels[0];
        return rise > 0 && Enumerable.Range(1, Quarters - 1).All(quarter => levels[quarter] - levels[quarter - 1] >= LeastPart * rise);
    }

    /// <summary>Theil and Sen: the median slope over all pairs.</summary>
    private static double Slope(List<(int Minute, double Entries)> points)
    {
        var slopes = new List<double>(points.Count * (points.Count - 1) / 2);
        for (var i = 0; i < points.Count; i++)
        {
            for (var j = i + 1; j < points.Count; j++)
            {
                slopes.Add((points[j].Entries - points[i].Entries) / (points[j].Minute - points[i].Minute));
            }
        }

        return slopes.Count == 0 ? 0 : Median([.. slopes]);
    }

    /// <summary>How far minutes are from the line: a standard deviation, by the median so that wild ones count little.</summary>
    private static double Scatter(List<(int Minute, double Entries)> points, double slope)
    {
        var centre = Median([.. points.Select(point => point.Entries - (slope * point.Minute))]);
        return DeviationOfMedian * Median([.. points.Select(point => Math.Abs(point.Entries - (slope * point.Minute) - centre))]);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
