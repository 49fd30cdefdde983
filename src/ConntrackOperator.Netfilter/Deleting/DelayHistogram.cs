namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// How long deletions came after what they went by, in fixed memory: steps of 20 µs up to 10 ms, everything slower together.
/// </summary>
internal sealed class DelayHistogram
{
    private const int Steps = 500;

    private static readonly TimeSpan _step = TimeSpan.FromMicroseconds(20);

    private readonly long[] _counts = new long[Steps + 1];

    internal long Count { get; private set; }

    /// <summary>The longest.</summary>
    internal TimeSpan Longest { get; private set; }

    internal void Add(TimeSpan delay, long count)
    {
        if (count <= 0)
        {
            return;
        }

        _counts[(int)Math.Clamp(delay.Ticks / _step.Ticks, 0, Steps)] += count;
        Count += count;
        if (delay > Longest)
        {
            Longest = delay;
        }
    }

    /// <summary>
    /// The delay that <paramref name="share"/> of all kept within: the upper end of its step, and never more than the longest.
    /// </summary>
    internal TimeSpan Within(double share)
    {
        var most = (long)Math.Ceiling(share * Count);
        var seen = 0L;
        for (var i = 0; i < Steps && Count > 0; i++)
        {
            seen += _counts[i];
            if (seen >= most)
            {
                var end = _step * (i + 1);
                return end < Longest ? end : Longest;
            }
        }

        return Longest;
    }
}
