using ConntrackOperator.Netfilter.Sampling;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

public sealed class IdleHistogramTests
{
    [Fact]
    public void Every_number_of_seconds_is_in_the_bin_that_its_bounds_say() =>
        Gen.OneOf(Gen.UInt, Gen.UInt[0, 10_000]).Sample(seconds =>
        {
            var bin = IdleHistogram.Bin(seconds);
            return IdleHistogram.Bounds[bin].TotalSeconds <= seconds
                && (bin + 1 == IdleHistogram.Bounds.Count || seconds < IdleHistogram.Bounds[bin + 1].TotalSeconds);
        });

    [Fact]
    public void Counts_and_percentiles_are_those_of_the_values_within_a_bin() =>
        Gen.UInt[0, 500_000].Array[1, 500].Sample(values =>
        {
            var histogram = Of(values);
            Array.Sort(values);
            foreach (var bound in IdleHistogram.Bounds)
            {
                // At a bound nothing is spread: the count is exact.
                if (Math.Abs(histogram.CountIdleAtLeast(bound) - values.Count(v => v >= bound.TotalSeconds)) > 1e-6)
                {
                    return false;
                }
            }

            var median = values[(values.Length - 1) / 2];
            return IdleHistogram.Bin((uint)histogram.Percentile(0.5)!.Value.TotalSeconds) == IdleHistogram.Bin(median);
        });

    [Fact]
    public void Between_bounds_entries_are_taken_as_spread_evenly()
    {
        var histogram = Of([.. Enumerable.Range(3600, 1800).Select(s => (uint)s)]);
        Assert.Equal(900, histogram.CountIdleAtLeast(TimeSpan.FromSeconds(4500)), 6);
        Assert.Equal(1800, histogram.CountIdleAtLeast(TimeSpan.FromSeconds(-5)), 6);
        Assert.Equal(0, histogram.CountIdleAtLeast(TimeSpan.FromDays(99999)), 6);
        Assert.Equal(TimeSpan.FromSeconds(4500), histogram.Percentile(0.5));
    }

    [Fact]
    public void Nothing_known_has_no_percentile() => Assert.Null(Of([]).Percentile(0.5));

    private static IdleHistogram Of(uint[] values)
    {
        var counts = new long[IdleHistogram.BinCount];
        foreach (var value in values)
        {
            counts[IdleHistogram.Bin(value)]++;
        }

        return new IdleHistogram { Counts = counts, Known = values.Length };
    }
}
