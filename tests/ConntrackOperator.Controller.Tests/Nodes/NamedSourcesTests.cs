using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Tests.Nodes;

public sealed class NamedSourcesTests
{
    [Fact]
    public void Three_with_the_most_entries_are_named_and_nobody_with_a_few_in_a_hundred()
    {
        var sources = NamedSources.Of(Status(("10.0.0.4", 5), ("10.0.0.1", 41), ("10.0.0.2", 12), ("10.0.0.3", 6), ("10.0.0.5", 4)));
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], sources.Select(s => s.Address));
        Assert.Empty(NamedSources.Of(Status(("10.0.0.5", 4))));
        Assert.Empty(NamedSources.Of(new NodeStatus()));
    }

    [Fact]
    public void What_is_no_address_is_not_told_since_it_could_pretend_to_be_a_name() =>
        Assert.Equal(
            ["10.0.0.2"],
            NamedSources.Of(Status(("10.0.0.5 (pod kube-system/coredns-1)", 60), ("10.0.0.2", 12), ("", 11))).Select(s => s.Address));

    [Fact]
    public void Text_has_the_address_the_pod_where_it_is_known_and_the_share()
    {
        var sources = NamedSources.Of(Status(("10.0.0.1", 41), ("192.0.2.7", 12), ("10.0.0.3", 6)));
        Assert.Equal(
            "most entries: 10.0.0.1 (pod shop/cart-1) 41%, 192.0.2.7 (node node-7) 12%, 10.0.0.3 6%",
            NamedSources.Text(sources, address => address switch
            {
                "10.0.0.1" => new AddressOwner("pod", "shop", "cart-1"),
                "192.0.2.7" => new AddressOwner("node", null, "node-7"),
                _ => null,
            }));
        Assert.Null(NamedSources.Text([], _ => null));
    }

    private static NodeStatus Status(params (string Address, int Percent)[] sources) =>
        new() { Top = new TopStatus { Sources = [.. sources.Select(s => new TopSource { Address = s.Address, Percent = s.Percent })] } };
}
