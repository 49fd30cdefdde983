using ConntrackOperator.Engine.Tests.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Engine.Tests.Translation;

/// <summary>A sample of one entry in twenty.</summary>
public sealed class PortUsesTests
{
    private static readonly Breakdown _sample = Looks.Sample(("ESTABLISHED", 100));

    [Fact]
    public void What_both_can_have_seen_is_as_the_count_says() =>
        Assert.Equal(
            [10_300L], PortUses.Better([Looks.Ports(1, 10_300, 10_300)], [Looks.Ports(1, 10_000, 500)], _sample).Select(use => use.Ports));

    [Fact]
    public void What_has_changed_since_the_count_is_as_the_sample_says() =>
        Assert.Equal(
            [20_000L], PortUses.Better([Looks.Ports(1, 10_300, 10_300)], [Looks.Ports(1, 20_000, 1000)], _sample).Select(use => use.Ports));

    [Fact]
    public void What_a_sample_would_have_seen_and_did_not_is_gone() =>
        Assert.Equal([55L], PortUses.Better([Looks.Ports(1, 500, 500), Looks.Ports(2, 55, 55)], [], _sample).Select(use => use.Ports));

    [Fact]
    public void What_the_count_had_not_is_as_the_sample_says_and_the_worst_comes_first() =>
        Assert.Equal(
            [4000L, 55L], PortUses.Better([Looks.Ports(2, 55, 55)], [Looks.Ports(3, 4000, 200)], _sample).Select(use => use.Ports));

    [Fact]
    public void Of_two_that_are_called_the_same_the_first_is_taken() =>
        Assert.Equal([4000L], PortUses.Better([], [Looks.Ports(3, 4000, 200), Looks.Ports(3, 60, 3)], _sample).Select(use => use.Ports));
}
