namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>How far a share in a sample can be from the share in the whole. Pure.</summary>
public static class SamplingError
{
    /// <summary>The share that is hardest to estimate.</summary>
    internal const double WorstShare = 0.5;

    // Of the normal distribution: 0.999 of it is nearer to the mean than so many standard deviations.
    private const double Deviations = 3.2905;

    /// <summary>How far off a share can be.</summary>
    /// <param name="share">The share seen, 0 to 1.</param>
    /// <param name="sampled">Entries in the sample.</param>
    /// <param name="total">Entries in the whole.</param>
    /// <returns>
    /// Percentage points, for 999 of 1,000 samples: normal approximation without replacement, with Bernstein's term for small shares.
    /// </returns>
    public static double Points(double share, long sampled, long total)
    {
        if (sampled <= 0)
        {
            return 100;
        }

        if (sampled >= total)
        {
            return 0;
        }

        var unseen = Math.Sqrt((double)(total - sampled) / Math.Max(total - 1, 1));
        var spread = Deviations * Math.Sqrt(share * (1 - share) / sampled);
        return Math.Min(100, 100 * ((spread * unseen) + (Deviations * Deviations / 3 / sampled)));
    }
}
