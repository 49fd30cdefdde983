using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Engine.Tests.Scanning;

public sealed class CountValidityTests
{
    // The sample of this boot's buckets has 2 points too many ESTABLISHED: one such comes about, and then it stays.
    private static readonly Breakdown _count = Looks.Count(("ESTABLISHED", 70, 72), ("TIME_WAIT", 29.9, 28), ("CLOSE_WAIT", 0.1, 0));

    [Fact]
    public void A_sample_that_is_off_by_as_much_as_the_one_before_contradicts_no_count() =>
        Assert.True(CountValidity.Holds(_count, Looks.Sample(("ESTABLISHED", 72.1), ("TIME_WAIT", 27.9))));

    [Fact]
    public void A_sample_that_says_what_the_count_says_where_the_one_before_did_not_shows_a_change() =>
        Assert.False(CountValidity.Holds(_count, Looks.Sample(("ESTABLISHED", 70), ("TIME_WAIT", 30))));

    [Fact]
    public void A_state_that_was_not_there_ends_a_count() =>
        Assert.False(CountValidity.Holds(_count, Looks.Sample(("ESTABLISHED", 71.8), ("TIME_WAIT", 27.9), ("SYN_SENT", 0.3))));

    [Fact]
    public void Some_entries_of_a_state_that_the_sample_before_missed_end_no_count() =>
        Assert.True(CountValidity.Holds(_count, Looks.Sample(("ESTABLISHED", 72), ("TIME_WAIT", 27.996), ("SYN_SENT", 0.004))));

    [Fact]
    public void A_state_that_is_gone_ends_a_count() =>
        Assert.False(CountValidity.Holds(_count, Looks.Sample(("ESTABLISHED", 100))));

    [Theory]
    [InlineData(1_090_000, true)]
    [InlineData(1_110_000, false)]
    [InlineData(910_000, true)]
    [InlineData(890_000, false)]
    public void A_table_with_a_tenth_more_or_fewer_entries_ends_a_count(long entries, bool holds) =>
        Assert.Equal(holds, CountValidity.Holds(_count, Looks.SampleOf(entries, ("ESTABLISHED", 72), ("TIME_WAIT", 28))));

    [Fact]
    public void A_sample_that_is_all_of_the_table_is_no_worse_than_the_count() =>
        Assert.False(CountValidity.Holds(_count, Looks.SampleOf(ScanCycle.SampleSize, ("ESTABLISHED", 72), ("TIME_WAIT", 28))));
}
