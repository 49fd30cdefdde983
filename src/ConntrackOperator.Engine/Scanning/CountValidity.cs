using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>
/// Whether a full count still holds by a later sample. Not by comparing the two: a sample sees the same buckets each time, so what it
/// is off by stays. It is compared with the sample that the count began with, from which it can differ only by what has changed. Pure.
/// </summary>
internal static class CountValidity
{
    // The difference of two samples of a table whose entries are all others by now, but alike.
    private static readonly double _twoSamples = Math.Sqrt(2);

    // So many entries more or less, and shares of then say little of counts now.
    private const double MostChange = 0.1;

    /// <param name="count">The full count.</param>
    /// <param name="sample">The sample.</param>
    public static bool Holds(Breakdown count, Breakdown sample)
    {
        if (sample.Complete || !count.Complete || Math.Abs(sample.TableEntries - count.TableEntries) > count.TableEntries * MostChange)
        {
            return false;
        }

        var now = sample.States.ToDictionary(s => (s.Protocol, s.State));
        foreach (var state in count.States)
        {
            now.Remove((state.Protocol, state.State), out var later);
            var (before, after) = (state.SamplePercent ?? state.Percent, later?.Percent ?? 0);
            if (Math.Abs(after - before) > _twoSamples * Bound(Math.Max(before, after), sample))
            {
                return false;
            }
        }

        // States that the count had none of.
        return now.Values.All(state => state.Percent <= _twoSamples * Bound(state.Percent, sample));
    }

    private static double Bound(double percent, Breakdown sample) =>
        SamplingError.Points(percent / 100, sample.Sampled, sample.TableEntries);
}
