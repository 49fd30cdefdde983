using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Tests.Scanning;

public sealed class CountedTrafficTests
{
    // What a group can have of a million entries without being seen for certain.
    private const double Spread = 7300;

    [Fact]
    public void A_group_that_was_counted_has_its_count_and_keeps_the_rate_of_the_sample()
    {
        var group = Assert.Single(
            TrafficFactsBuilder.WithCounted([Group("10.0.0.1", 12_000, 26_000, 40)], [Group("10.0.0.1", 20_000, 20_010, 7)], Spread));
        Assert.Equal((new Bounds(20_000, 20_010), new Bounds(40, 40)), (group.Entries, group.NewPerSecond));
    }

    [Fact]
    public void A_group_that_has_changed_since_is_as_the_sample_says()
    {
        var group = Assert.Single(
            TrafficFactsBuilder.WithCounted([Group("10.0.0.1", 112_000, 126_000, 40)], [Group("10.0.0.1", 20_000, 20_010, 7)], Spread));
        Assert.Equal(new Bounds(112_000, 126_000), group.Entries);
    }

    [Fact]
    public void A_group_that_the_sample_can_have_missed_is_added_and_one_that_it_would_have_seen_is_gone() => Assert.Equal(
        [("10.0.0.1", 12_000L), ("10.0.0.2", 800L)],
        TrafficFactsBuilder.WithCounted(
            [Group("10.0.0.1", 12_000, 26_000, 40)], [Group("10.0.0.2", 800, 810, 1), Group("10.0.0.3", 90_000, 90_010, 1)], Spread)
            .Select(g => (g.Source!, g.Entries.Least)));

    [Fact]
    public void Of_two_that_are_called_the_same_the_first_is_taken()
    {
        var counted = new[] { Group("10.0.0.1", 20_000, 20_010, 7), Group("10.0.0.1", 15_000, 15_010, 7) };
        Assert.Equal(
            20_000,
            Assert.Single(TrafficFactsBuilder.WithCounted([Group("10.0.0.1", 12_000, 26_000, 40)], [.. counted], Spread)).Entries.Least);
    }

    private static TrafficFacts Group(string source, long least, long most, long newPerSecond) => new()
    {
        View = TrafficView.Source,
        Class = TrafficClass.Established,
        Source = source,
        Entries = new Bounds(least, most),
        NewPerSecond = new Bounds(newPerSecond, newPerSecond),
        Sources = 1,
        Destinations = 1,
        Ports = 1,
    };
}
