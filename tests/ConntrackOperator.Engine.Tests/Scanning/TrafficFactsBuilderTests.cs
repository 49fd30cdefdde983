using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using TrafficClass = ConntrackOperator.Netfilter.Survey.TrafficClass;
using TrafficView = ConntrackOperator.Netfilter.Survey.TrafficView;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>From what a look counted to what the advice goes by.</summary>
public sealed class TrafficFactsBuilderTests
{
    private static readonly TrafficGroup _group = new()
    {
        View = TrafficView.Source,
        Class = TrafficClass.Established,
        Protocol = 0,
        Source = FlowAddress.V4(0x0A000001),
        Count = 400,
        CountError = 10,
        New = 50,
        Known = 200,
        Speaking = 20,
        Silent = 90,
        Spoken = 270,
        DestinationTranslated = 100,
        SourceTranslated = 300,
        Sources = 1,
        Destinations = 7,
        Ports = 3,
        IdleCounts = [100, 0, 0, 0, 0, 0, 200, 0, 60, 0, 0, 40],
    };

    private static readonly TrafficReading _reading = new()
    {
        Looked = 1000,
        OnlyRemembered = 0,
        RateLooked = 1000,
        Between = TimeSpan.FromSeconds(10),
        New = 50,
        KnowsSilence = true,
        Groups = [_group],
    };

    [Fact]
    public void Classes_and_views_are_the_same_on_both_sides()
    {
        Assert.Equal(Enum.GetNames<TrafficClass>(), Enum.GetNames<ConntrackOperator.Planning.Advice.Facts.TrafficClass>());
        Assert.Equal(Enum.GetNames<TrafficView>(), Enum.GetNames<ConntrackOperator.Planning.Advice.Facts.TrafficView>());
    }

    [Fact]
    public void A_group_of_a_whole_table_is_told_as_it_was_counted()
    {
        var facts = Of(_group);
        Assert.Equal(("10.0.0.1", null, null, ""), (facts.Source, facts.Destination, facts.Port, facts.Protocol));
        Assert.Equal((new Bounds(400, 410), new Bounds(5, 5)), (facts.Entries, facts.NewPerSecond));
        Assert.Equal(
            (25.0, 10.0, 25.0, 75.0),
            (facts.SilentPercent, facts.SpeakingPercent, facts.DestinationTranslatedPercent, facts.SourceTranslatedPercent));
        Assert.Equal((1, 7, 3, null), (facts.Sources, facts.Destinations, facts.Ports, facts.TranslatedPorts));
        Assert.Equal((75.0, 75.0, 25.0, 25.0, 10.0, 0.0), (
            facts.IdlePercent(1), facts.IdlePercent(60), facts.IdlePercent(61), facts.IdlePercent(3600), facts.IdlePercent(86_400),
            facts.IdlePercent(86_401)));
    }

    [Fact]
    public void Networks_ports_and_protocols_are_told_where_they_are_known()
    {
        var facts = Of(_group with
        {
            PrefixLength = 16,
            Protocol = 17,
            Destination = FlowAddress.V4(0xC0000209),
            Port = 53,
            LowestPort = 2000,
            HighestPort = 3000,
        });
        Assert.Equal(
            ("10.0.0.1/16", "192.0.2.9", 53, "udp", (2000, 3000)),
            (facts.Source, facts.Destination, facts.Port, facts.Protocol, facts.TranslatedPorts));
        Assert.Null(Of(_group with { Source = null }).Source);
    }

    [Fact]
    public void A_sample_is_scaled_to_the_table_and_its_error_widens_it()
    {
        var facts = Assert.Single(TrafficFactsBuilder.Of(_reading, 10_000, errorPoints: 5));
        Assert.Equal(new Bounds(3500, 4600), facts.Entries);
        Assert.Equal(new Bounds(0, 10_000), TrafficFactsBuilder.Of(_reading, 10_000, errorPoints: 70)[0].Entries);
        Assert.Equal(default, TrafficFactsBuilder.Of(_reading with { Looked = 0 }, 10_000, errorPoints: 5)[0].Entries);
    }

    [Fact]
    public void What_too_few_say_is_not_known()
    {
        // Silence of a fifth, speech of 99, and idle times of less than half of the group.
        var facts = Of(_group with { Silent = 30, Spoken = 50, Known = 99, IdleCounts = [100, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0] });
        Assert.Equal((null, null), (facts.SilentPercent, facts.SpeakingPercent));
        Assert.Empty(facts.IdleAtLeast);
        Assert.Equal(20.0, Of(_group with { Known = 100 }).SpeakingPercent);
        Assert.Null(Of(_group with { Silent = 100, Spoken = 100 }).SilentPercent);
        Assert.NotNull(Of(_group with { Silent = 100, Spoken = 101 }).SilentPercent);
        Assert.Null(TrafficFactsBuilder.Of(_reading with { RateLooked = 0 }, 1000, 0)[0].SpeakingPercent);
    }

    [Fact]
    public void A_rate_is_known_from_the_second_look_on_and_a_samples_has_its_bounds()
    {
        Assert.Equal(new Bounds(5, 5), TrafficFactsBuilder.Rate(50, _reading, 1000));
        Assert.Equal(new Bounds(5, 6), TrafficFactsBuilder.Rate(55, _reading, 1000));
        Assert.Null(TrafficFactsBuilder.Rate(50, _reading with { RateLooked = 0 }, 1000));
        Assert.Null(TrafficFactsBuilder.Rate(50, _reading with { Between = TimeSpan.Zero }, 1000));

        // One in ten was compared: 99 new ones are 990, give or take three times the root of a hundred, ten times.
        Assert.Equal(new Bounds(69, 129), TrafficFactsBuilder.Rate(99, _reading, 10_000));
        Assert.Equal(new Bounds(0, 3), TrafficFactsBuilder.Rate(0, _reading, 10_000));

        // A table that has become smaller than what was compared.
        Assert.Equal(new Bounds(5, 5), TrafficFactsBuilder.Rate(50, _reading, 500));
    }

    [Fact]
    public void Ports_that_were_counted_take_the_place_of_those_that_were_seen()
    {
        var seen = Of(_group with
        {
            View = TrafficView.Translation,
            Class = TrafficClass.Other,
            Protocol = 6,
            Destination = FlowAddress.V4(0xC0000209),
            Port = 443,
            LowestPort = 3000,
            HighestPort = 4000,
        });
        var other = seen with { Port = 80 };
        var counted = new NatPorts(
            new PortUse(
                FlowAddress.V4(0x0A000001), FlowAddress.V4(0xC0000209), 443,
                6)
            { Ports = 777, IsExact = true, Seen = 777, Moved = 1, Lowest = 1024, Highest = 60_000 },
            new PortRange(1024, 65_535, PortRangeSource.AllPorts));
        var facts = TrafficFactsBuilder.WithPorts([seen, other], [counted]);
        Assert.Equal(
            [other, seen with { Entries = new Bounds(777, 777), TranslatedPorts = (1024, 60_000), PortRange = (1024, 65_535) }], facts);

        // One that the survey did not keep, and one that is an estimate.
        var alone = Assert.Single(
            TrafficFactsBuilder.WithPorts([], [counted, counted with { Use = counted.Use with { IsExact = false, Port = 80 } }]));
        Assert.Equal(
            ("10.0.0.1", "192.0.2.9", 443, "tcp", 100.0),
            (alone.Source, alone.Destination, alone.Port, alone.Protocol, alone.SourceTranslatedPercent));
        Assert.Equal((new Bounds(777, 777), (1024, 60_000)), (alone.Entries, alone.TranslatedPorts));
    }

    private static TrafficFacts Of(TrafficGroup group) =>
        Assert.Single(TrafficFactsBuilder.Of(_reading with { Groups = [group] }, 1000, errorPoints: 0));
}
