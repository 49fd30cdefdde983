using System.Numerics;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>How many entries have been idle for how long, over fixed bounds.</summary>
public sealed record IdleHistogram
{
    private static readonly long[] _boundSeconds =
    [
        0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90, 105, 120, 150, 180, 210, 240, 300, 360, 420, 480, 540,
        600, 750, 900, 1200, 1500, 1800, 2400, 3000, 3600, 5400, 7200, 10800, 14400, 18000, 21600, 28800, 36000, 43200, 64800,
        86400, 129600, 172800, 216000, 259200, 302400, 345600, 388800, 432000, 604800, 1209600, 2592000, 7776000, 31536000,
    ];

    private static readonly TimeSpan[] _boundSpans = [.. _boundSeconds.Select(s => TimeSpan.FromSeconds(s))];

    // The last bin that begins before each power of two: the search begins there.
    private static readonly byte[] _octaveBins =
        [.. Enumerable.Range(0, 32).Select(o => (byte)Array.FindLastIndex(_boundSeconds, b => b < 1L << o))];

    // The bin of each second under 4096; above that there are few bins left to search.
    private static readonly byte[] _shortBins = [.. Enumerable.Range(0, 4096).Select(s => (byte)Search((uint)s))];

    /// <summary>Where each bin begins; it ends where the next begins, the last never.</summary>
    public static IReadOnlyList<TimeSpan> Bounds => _boundSpans;

    /// <summary>Entries in each bin.</summary>
    public required IReadOnlyList<long> Counts { get; init; }

    /// <summary>Entries whose idle time is known: the sum of <see cref="Counts"/>.</summary>
    public required long Known { get; init; }

    internal static int BinCount => _boundSeconds.Length;

    /// <summary>About how many of the entries have been idle for at least this long; taken as spread evenly inside a bin.</summary>
    public double CountIdleAtLeast(TimeSpan idle)
    {
        var seconds = Math.Max(idle.TotalSeconds, 0);
        var count = 0.0;
        for (var i = 0; i < Counts.Count; i++)
        {
            var (from, to) = (_boundSeconds[i], End(i));
            count += Counts[i] * Math.Clamp((to - seconds) / (to - from), 0, 1);
        }

        return count;
    }

    /// <summary>The idle time that a share of the entries stays under.</summary>
    /// <param name="share">0 to 1; 0.9 is the 90th percentile.</param>
    /// <returns>Null when no idle time is known.</returns>
    public TimeSpan? Percentile(double share)
    {
        if (Known == 0)
        {
            return null;
        }

        var left = Math.Clamp(share, 0, 1) * Known;
        for (var i = 0; i < Counts.Count; i++)
        {
            if (Counts[i] > 0 && left <= Counts[i])
            {
                var seconds = _boundSeconds[i] + ((End(i) - _boundSeconds[i]) * left / Counts[i]);

                // Whole seconds is what the kernel tells.
                return TimeSpan.FromSeconds(Math.Floor(Math.Min(seconds, End(i) - 1)));
            }

            left -= Counts[i];
        }

        return _boundSpans[^1];
    }

    /// <summary>The bin that so many seconds fall into.</summary>
    internal static int Bin(uint seconds) => seconds < (uint)_shortBins.Length ? _shortBins[seconds] : Search(seconds);

    private static int Search(uint seconds)
    {
        var bin = (int)_octaveBins[BitOperations.Log2(seconds)];
        while (bin + 1 < _boundSeconds.Length && _boundSeconds[bin + 1] <= seconds)
        {
            bin++;
        }

        return bin;
    }

    // The last bin ends nowhere; twice its start will do for what is spread inside it.
    private static long End(int bin) => bin + 1 < _boundSeconds.Length ? _boundSeconds[bin + 1] : _boundSeconds[bin] * 2;
}
