using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Tests.Translation;

public sealed class PortRangesTests
{
    private static readonly TranslationRule _rule = new("-A POSTROUTING -j MASQUERADE --to-ports 40000-40999", 40_000, 40_999, "…");

    [Fact]
    public void Rule_without_ports_has_all_that_the_kernel_gives_to_sources_from_1024_on() =>
        Assert.Equal(("1024-65535", 64_512, PortRangeSource.AllPorts), Range(Use(ports: 30_000, moved: 200, 1025, 65_530)));

    [Fact]
    public void Rule_that_was_read_is_taken_where_the_ports_are_its_and_were_changed()
    {
        Assert.Equal(("40000-40999", 1000, PortRangeSource.Rule), Range(Use(ports: 10, moved: 10, 40_100, 40_800), [_rule]));
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 10, moved: 10, 39_999, 40_800), [_rule]).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 10, moved: 0, 40_100, 40_800), [_rule]).From);
    }

    [Fact]
    public void Of_several_rules_the_narrowest_that_holds_all_ports_is_theirs_to_its_first_and_last()
    {
        TranslationRule[] rules = [new("wide", 30_000, 59_999, "…"), _rule, new("beside", 40_000, 40_500, "…")];
        Assert.Equal(("40000-40999", 1000, PortRangeSource.Rule), Range(Use(ports: 10, moved: 10, 40_000, 40_999), rules));
        Assert.Equal(("30000-59999", 30_000, PortRangeSource.Rule), Range(Use(ports: 10, moved: 10, 40_000, 41_000), rules));
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 0, moved: 0, 40_000, 40_000), rules).From);
    }

    [Fact]
    public void Thirty_two_ports_that_fill_half_of_what_they_span_are_enough_and_a_span_of_all_ports_is_no_rules()
    {
        Assert.Equal(PortRangeSource.PortsSeen, Range(Use(ports: 32, moved: 32, 40_000, 40_031)).From);
        Assert.Equal(PortRangeSource.PortsSeen, Range(Use(ports: 100, moved: 100, 40_000, 40_199)).From);
    }

    [Fact]
    public void The_machines_own_ports_may_be_the_first_and_the_last_of_the_range_and_hardly_one_was_changed()
    {
        var own = Use(ports: 1000, moved: 0, 32_768, 60_999) with { OnlyClient = FlowAddress.V4(0x0A000001) };
        Assert.Equal(PortRangeSource.LocalPortRange, Range(own, local: (32_768, 60_999)).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(own with { Moved = 500 }, local: (32_768, 60_999)).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(own with { Lowest = 32_767 }, local: (32_768, 60_999)).From);
    }

    [Fact]
    public void Ports_that_are_hardly_used_are_not_listed_and_the_rest_by_their_share()
    {
        var directory = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var watch = new NatPortWatch(directory.FullName, directory.FullName);
            PortUse[] uses =
                [.. new[] { 646, 6_000, 645, 30_000, 12_000, 7_000, 8_000, 9_000 }.Select(ports => Use(ports, 0, 1024, 65_535))];
            Assert.Equal([30_000L, 12_000, 9_000, 8_000, 7_000], watch.Look(uses, []).Select(pair => pair.Use.Ports));
            Assert.Equal([646L], watch.Look(uses[..1], []).Select(pair => pair.Use.Ports));
            Assert.Empty(watch.Look([uses[2]], []));
            Assert.Empty(watch.Look([], []));

            // Of the machine itself, with the range that it has.
            Directory.CreateDirectory(Path.Combine(directory.FullName, "sys/net/ipv4"));
            File.WriteAllText(Path.Combine(directory.FullName, "sys/net/ipv4/ip_local_port_range"), "32768\t60999\n");
            Assert.Equal(PortRangeSource.AllPorts, Assert.Single(watch.Look([uses[0]], [])).Range.From);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Ports_that_were_changed_and_lie_close_together_are_a_rules()
    {
        Assert.Equal(("40000-40199", 200, PortRangeSource.PortsSeen), Range(Use(ports: 160, moved: 160, 40_000, 40_199)));
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 31, moved: 31, 40_000, 40_031)).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 99, moved: 99, 40_000, 40_199)).From);
    }

    [Fact]
    public void Client_that_goes_through_its_ports_in_order_and_keeps_them_does_not_look_like_a_rule() =>
        Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports: 1000, moved: 0, 50_000, 50_999)).From);

    [Fact]
    public void Random_ports_of_all_there_are_are_seldom_taken_for_few()
    {
        var random = new Random(1);
        for (var ports = 32; ports < 30_000; ports += 97)
        {
            var drawn = Enumerable.Range(0, ports).Select(_ => (ushort)random.Next(1024, 65_536)).ToList();
            Assert.Equal(PortRangeSource.AllPorts, Range(Use(ports, ports, drawn.Min(), drawn.Max())).From);
        }
    }

    [Fact]
    public void Connections_of_the_machine_itself_that_keep_their_ports_have_those_of_ip_local_port_range()
    {
        var own = Use(ports: 20_000, moved: 0, 32_800, 60_000) with { OnlyClient = FlowAddress.V4(0x0A000001) };
        Assert.Equal(("32768-60999", 28_232, PortRangeSource.LocalPortRange), Range(own, local: (32_768, 60_999)));
        Assert.Equal(70.8, new NatPorts(own, PortRanges.Of(own, [], _ => true, (32_768, 60_999))).Percent, 0.1);
        Assert.Equal(PortRangeSource.AllPorts, Range(own).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(own with { OnlyClient = FlowAddress.V4(0x0A000002) }, local: (32_768, 60_999)).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(own with { OnlyClient = null }, local: (32_768, 60_999)).From);
        Assert.Equal(PortRangeSource.AllPorts, Range(own with { Highest = 61_000 }, local: (32_768, 60_999)).From);
    }

    [Fact]
    public void More_ports_than_there_are_are_hundred_percent() =>
        Assert.Equal(100, new NatPorts(Use(70_000, 0, 1024, 65_535), PortRanges.All).Percent);

    private static (string Text, int Count, PortRangeSource From) Range(
        PortUse use, TranslationRule[]? rules = null, (int, int)? local = null) =>
        PortRanges.Of(use, rules ?? [], address => address == "10.0.0.1", local) is var range
            ? (range.ToString(), range.Count, range.From) : default;

    private static PortUse Use(long ports, long moved, int lowest, int highest) =>
        new(FlowAddress.V4(0xC0000201), FlowAddress.V4(0xC0000202), 443, 6)
        {
            Ports = ports,
            IsExact = true,
            Seen = ports,
            Moved = moved,
            Lowest = (ushort)lowest,
            Highest = (ushort)highest,
        };
}
