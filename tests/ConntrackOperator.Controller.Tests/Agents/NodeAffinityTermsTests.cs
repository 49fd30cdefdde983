using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Planning.Sizing;
using CsCheck;

namespace ConntrackOperator.Controller.Tests.Agents;

public sealed class NodeAffinityTermsTests
{
    private const string NotWindows = """{"key":"kubernetes.io/os","operator":"NotIn","values":["windows"]}""";

    [Fact]
    public void Selector_becomes_a_term_that_leaves_Windows_out()
    {
        var selector = new LabelSelector
        {
            MatchLabels = new() { ["pool"] = "edge", ["arch"] = "arm" },
            MatchExpressions = [
                new() { Key = "gpu", Operator = "DoesNotExist" }, new() { Key = "zone", Operator = "In", Values = ["a", "b"] }],
        };
        Assert.Equal(
            $$"""
            [{"matchExpressions":[{{NotWindows}},{"key":"arch","operator":"In","values":["arm"]},{"key":"pool","operator":"In","values":["edge"]},{"key":"gpu","operator":"DoesNotExist"},{"key":"zone","operator":"In","values":["a","b"]}]}]
            """,
            NodeAffinityTerms.Compute([selector], null, []).ToJsonString());
    }

    [Fact]
    public void No_selector_means_every_node_but_those_with_Windows() =>
        Assert.Equal($$"""[{"matchExpressions":[{{NotWindows}}]}]""", NodeAffinityTerms.Compute([null], null, []).ToJsonString());

    [Fact]
    public void Terms_are_each_there_once_in_an_order_that_does_not_depend_on_the_policies()
    {
        LabelSelector?[] selectors = [Pool("edge"), null, Pool("web"), Pool("edge")];
        var terms = NodeAffinityTerms.Compute(selectors, null, []);
        Assert.Equal(3, terms.Count);
        Assert.Equal(terms.ToJsonString(), NodeAffinityTerms.Compute(selectors.Reverse(), null, []).ToJsonString());
    }

    [Fact]
    public void Without_policies_and_nodes_that_leave_there_is_no_term() =>
        Assert.Empty(NodeAffinityTerms.Compute([], NodeAffinityTerms.Compute([Pool("edge")], null, []), []));

    [Fact]
    public void Thousand_nodes_that_leave_are_reached_by_the_one_term_that_was_there_for_them()
    {
        var before = NodeAffinityTerms.Compute([Pool("edge"), Pool("web")], null, []);
        var leaving = Enumerable.Range(0, 1000).Select(i => Node($"n{i}", "edge"));
        Assert.Equal(
            NodeAffinityTerms.Compute([Pool("edge")], null, []).ToJsonString(),
            NodeAffinityTerms.Compute([], before, leaving).ToJsonString());
    }

    [Fact]
    public void Node_whose_labels_changed_is_reached_by_its_name()
    {
        var before = NodeAffinityTerms.Compute([Pool("edge")], null, []);
        Assert.Equal(
            """[{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]""",
            NodeAffinityTerms.Compute([], before, [Node("n1", "other")]).ToJsonString());
        // And stays so when it is worked out again from that.
        var named = NodeAffinityTerms.Compute([], before, [Node("n1", "other")]);
        Assert.Equal(named.ToJsonString(), NodeAffinityTerms.Compute([], named, [Node("n1", "other")]).ToJsonString());
    }

    [Fact]
    public void Terms_that_make_no_sense_are_not_kept()
    {
        var strange = (JsonArray)JsonNode.Parse(
            """[{"matchExpressions":[{"key":"cpu","operator":"Gt","values":["4"]}]},{"matchFields":[{"key":"metadata.name","operator":"In","values":["gone"]}]},{}]""")!;
        Assert.Equal(
            NodeAffinityTerms.Compute([], null, [Node("n1", "edge")]).ToJsonString(),
            NodeAffinityTerms.Compute([], strange, [Node("n1", "edge")]).ToJsonString());
    }

    [Theory]
    [InlineData("edge", "edge", 1)]
    [InlineData("edge", "web", 2)]
    public void Terms_grow_by_what_they_do_not_reach_yet(string known, string needed, int count) =>
        Assert.Equal(
            count,
            NodeAffinityTerms.Grow(
                NodeAffinityTerms.Compute([Pool(known)], null, []), NodeAffinityTerms.Compute([Pool(needed)], null, [])).Count);

    [Fact]
    public void Narrower_selector_is_reached_by_the_wider_term_and_not_the_other_way_round()
    {
        var wide = NodeAffinityTerms.Compute([Pool("edge")], null, []);
        var narrow = NodeAffinityTerms.Compute([new LabelSelector { MatchLabels = new() { ["pool"] = "edge", ["zone"] = "a" } }], null, []);
        Assert.Equal(wide.ToJsonString(), NodeAffinityTerms.Grow(wide, narrow).ToJsonString());
        Assert.Equal(2, NodeAffinityTerms.Grow(narrow, wide).Count);
        var all = NodeAffinityTerms.Compute([null], null, []);
        Assert.Equal(all.ToJsonString(), NodeAffinityTerms.Grow(all, wide).ToJsonString());
        var named = NodeAffinityTerms.Compute([], null, [Node("n1", "x")]);
        Assert.Equal(named.ToJsonString(), NodeAffinityTerms.Grow(named, named).ToJsonString());
        Assert.Equal(2, NodeAffinityTerms.Grow(named, NodeAffinityTerms.Compute([], null, [Node("n2", "x")])).Count);
        // What reaches nothing covers nothing.
        Assert.Equal(2, NodeAffinityTerms.Grow((JsonArray)JsonNode.Parse("[{}]")!, wide).Count);
    }

    /// <summary>Through any history: every node that is selected or is leaving is reached, and terms do not pile up.</summary>
    [Fact]
    public void Every_node_that_needs_an_agent_is_reached_and_terms_do_not_pile_up()
    {
        var pools = Gen.Int[0, 3].Select(i => "p" + i);
        Gen.Select(pools.Array[0, 3], pools.Array[6]).Array[1, 8].Sample(history =>
        {
            JsonArray? terms = null;
            var has = new HashSet<int>();
            foreach (var (policies, labels) in history)
            {
                var selectors = policies.Select(Pool).ToArray();
                var selected = Enumerable.Range(0, 6).Where(i => policies.Contains(labels[i])).ToList();
                has.UnionWith(selected);
                var leaving = has.Except(selected).Order().Select(i => Node("n" + i, labels[i])).ToList();
                var needed = NodeAffinityTerms.Compute(selectors, terms, leaving);
                var grown = NodeAffinityTerms.Grow(terms ?? [], needed);
                foreach (var i in has)
                {
                    Assert.Contains(needed, t => Reaches(t!, "n" + i, labels[i]));
                    Assert.Contains(grown, t => Reaches(t!, "n" + i, labels[i]));
                }

                terms = needed;

                Assert.InRange(terms.Count, 0, policies.Distinct().Count() + leaving.Count);
            }
        });
    }

    private static bool Reaches(JsonNode term, string name, string pool) =>
        term["matchFields"] is { } fields
            ? fields[0]!["values"]![0]!.GetValue<string>() == name
            : term["matchExpressions"]!.AsArray().Skip(1).All(e => e!["values"]!.AsArray().Any(v => v!.GetValue<string>() == pool));

    private static LabelSelector Pool(string pool) => new() { MatchLabels = new() { ["pool"] = pool } };

    private static NodeFacts Node(string name, string pool) => new(name, new Dictionary<string, string> { ["pool"] = pool }, 1, 1);
}
