using ConntrackOperator.Netfilter.Deleting;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

public sealed class DelayHistogramTests
{
    [Fact]
    public void The_delay_that_a_share_kept_within_is_known_to_twenty_microseconds()
    {
        var random = new Random(7);
        var delays = Enumerable.Range(0, 20_000).Select(_ => TimeSpan.FromMicroseconds(random.Next(0, 9_000))).ToList();
        var histogram = new DelayHistogram();
        delays.ForEach(d => histogram.Add(d, 1));
        delays.Sort();
        foreach (var share in new[] { 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = delays[(int)Math.Ceiling(share * delays.Count) - 1];
            Assert.InRange(histogram.Within(share), exact, exact + TimeSpan.FromMicroseconds(20));
        }

        Assert.Equal((20_000L, delays[^1]), (histogram.Count, histogram.Longest));
    }

    [Fact]
    public void What_is_slower_than_it_can_tell_apart_is_the_longest()
    {
        var histogram = new DelayHistogram();
        Assert.Equal(TimeSpan.Zero, histogram.Within(0.99));
        histogram.Add(TimeSpan.FromMilliseconds(1), 98);
        histogram.Add(TimeSpan.FromSeconds(3), 2);
        Assert.Equal(
            (TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(3)),
            (histogram.Within(0.98) - TimeSpan.FromMicroseconds(20), histogram.Within(0.99)));
    }

    [Fact]
    public void Of_two_deletions_the_slow_one_is_not_among_the_ninety_nine_in_a_hundred()
    {
        var histogram = new DelayHistogram();
        histogram.Add(TimeSpan.FromMilliseconds(1), 1);
        histogram.Add(TimeSpan.FromMilliseconds(7), 1);
        Assert.Equal(TimeSpan.FromMilliseconds(7), histogram.Within(0.99));
    }

    [Fact]
    public void What_deleted_nothing_took_no_time()
    {
        var histogram = new DelayHistogram();
        histogram.Add(TimeSpan.FromSeconds(3), 0);
        Assert.Equal((0L, TimeSpan.Zero), (histogram.Count, histogram.Longest));
    }
}
