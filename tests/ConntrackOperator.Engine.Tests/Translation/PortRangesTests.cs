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
