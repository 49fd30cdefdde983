using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Aggregation;

namespace ConntrackOperator.Controller.Tests.Aggregation;

public sealed class NamespaceEntriesTests
{
    [Fact]
    public void Address_that_several_nodes_report_has_the_entries_of_all_of_them() => Assert.Equal(
        [("10.0.0.1", 900L), ("10.0.0.2", 200L)],
        NamespaceEntries.ByAddress(
            [Node(1000, ("10.0.0.1", 40), ("10.0.0.2", 20)), Node(5000, ("10.0.0.1", 10), ("10.0.0.3", 0)), new NodeStatus()]));

    [Fact]
    public void Pods_of_a_namespace_are_added_up_and_what_is_not_known_is_the_rest() => Assert.Equal(
        [("shop", 70L), ("web", 20L), (NamespaceEntries.Rest, 110L)],
        NamespaceEntries.Of([("a", 50), ("b", 30), ("c", 20), ("d", 20)], 200, address => address switch
        {
            "a" or "d" => "shop",
            "c" => "web",
            _ => null,
        }));

    [Fact]
    public void Twenty_namespaces_are_told_apart_and_the_others_are_in_the_rest()
    {
        var told = NamespaceEntries.Of([.. Enumerable.Range(1, 30).Select(i => ($"{i}", (long)i))], 1000, address => "n" + address);
        Assert.Equal(21, told.Count);
        Assert.Equal(("n30", 30L), told[0]);
        Assert.Equal(("n11", 11L), told[19]);
        Assert.Equal((NamespaceEntries.Rest, 1000L - Enumerable.Range(11, 20).Sum()), told[20]);
    }

    [Fact]
    public void Reports_that_contradict_themselves_make_no_negative_rest() =>
        Assert.Equal([("shop", 500L), (NamespaceEntries.Rest, 0L)], NamespaceEntries.Of([("a", 500)], 100, _ => "shop"));

    [Fact]
    public void Node_can_claim_no_more_than_all_of_a_table() => Assert.Equal(
        [("10.0.0.1", uint.MaxValue / 10 * 9L + 4), ("10.0.0.2", uint.MaxValue / 10L)],
        NamespaceEntries.ByAddress([Node(1L << 48, ("10.0.0.1", 90), ("10.0.0.2", 80), ("10.0.0.3", 100))]));

    private static NodeStatus Node(long entries, params (string Address, int Percent)[] sources) => new()
    {
        Table = new TableStatus { Entries = entries },
        Top = new TopStatus { Sources = [.. sources.Select(s => new TopSource { Address = s.Address, Percent = s.Percent })] },
    };
}
