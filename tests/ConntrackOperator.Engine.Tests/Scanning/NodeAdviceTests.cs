using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>A million entries were counted; what is known of the table since then.</summary>
public sealed class NodeAdviceTests
{
    private static readonly Breakdown _count = Looks.Count(("ESTABLISHED", 70, 72), ("TIME_WAIT", 30, 28));

    [Fact]
    public void What_has_just_been_counted_is_as_counted()
    {
        foreach (var facts in new[] { Facts(_count, Looks.Table, 0), Facts(_count, Looks.Table, null), Facts(_count, 999_990, 0) })
        {
            Assert.Equal((false, 0.0), (facts.IsSample, facts.ErrorBoundPercent));
            Assert.Equal(_count.States.Select(s => s.EstimatedEntries), facts.States.Select(s => s.Entries));
        }
    }

    [Fact]
    public void An_older_count_is_as_well_known_as_the_samples_that_agree_with_it_and_its_shares_are_of_the_entries_of_now()
    {
        var facts = Facts(_count, 950_000, 0.7);
        Assert.Equal((true, 0.7), (facts.IsSample, facts.ErrorBoundPercent));
        Assert.InRange(facts.States[0].Entries, 664_999, 665_000);
        Assert.InRange(facts.States[1].Entries, 284_999, 285_000);
    }

    [Fact]
    public void A_sample_is_off_by_its_own_bound()
    {
        var sample = Looks.Sample(("ESTABLISHED", 60), ("TIME_WAIT", 40));
        var facts = Facts(sample, Looks.Table, null);
        Assert.Equal((true, sample.ErrorBoundPercent), (facts.IsSample, facts.ErrorBoundPercent));
        Assert.InRange(facts.States[0].Entries, 599_999, 600_000);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(null)]
    public void For_how_long_the_time_outs_were_watched_is_a_fact(int? seconds)
    {
        TimeSpan? watched = seconds is { } known ? TimeSpan.FromSeconds(known) : null;
        Assert.Equal(watched, Facts(_count with { TimeoutsWatchedFor = watched }, Looks.Table, 0).TimeoutsWatchedFor);
    }

    [Fact]
    public void A_look_leaves_what_was_found_and_what_was_not_looked_at_and_the_next_one_what_it_finds()
    {
        var directory = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var adviser = new NodeAdviser(directory.FullName, directory.FullName, TimeProvider.System);
            Assert.Empty(adviser.Findings);
            adviser.Look(Input(_count, 1_990_000, 0), tight: true);
            Assert.NotEmpty(adviser.Findings);
            Assert.NotEmpty(adviser.NotLooked);
            adviser.Look(Input(_count, 1000, 0), tight: false);
            Assert.Empty(adviser.Findings);
            Assert.Empty(adviser.NotLooked);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static TableFacts Facts(Breakdown breakdown, long entries, double? error) => NodeAdvice.Facts(Input(breakdown, entries, error));

    private static AdviceInput Input(Breakdown breakdown, long entries, double? error) => new()
    {
        Target = new AdviceTarget("kubectl-conntrack"),
        Breakdown = breakdown,
        Traffic = null,
        TrafficErrorPercent = error,
        Reading = new TableReading(entries, 2_000_000, 262_144, null, null, null),
        Host = new HostFacts("6.18", "boot-1", "7", 2, 1L << 34, "node-7"),
        MemoryLimitPercent = 5,
        WarningPercent = 80,
        CriticalPercent = 95,
    };
}
