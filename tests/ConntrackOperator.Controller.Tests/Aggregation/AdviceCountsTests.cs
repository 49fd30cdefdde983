using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Tests.Policies;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Controller.Tests.Aggregation;

public sealed class AdviceCountsTests
{
    private readonly AdviceCounts _counts = new();

    [Fact]
    public void Nothing_to_say_is_no_text() => Assert.Null(_counts.Summary(5));

    [Fact]
    public void Most_severe_advice_is_told_and_of_equals_the_one_that_most_nodes_have()
    {
        Add("n3", "Warning", "FullOfAssured", "a larger table");
        Add("n1", "Warning", "FloodFromOneSource", "look at 192.0.2.1");
        Add("n2", "Warning", "FloodFromOneSource", "look at 192.0.2.2");
        Assert.Equal("2 of 9 nodes, such as n1: look at 192.0.2.1", _counts.Summary(9));
    }

    [Fact]
    public void What_most_nodes_are_told_is_not_hidden_by_what_one_says_is_worse()
    {
        for (var i = 0; i < 80; i++)
        {
            Add($"n{i:00}", "Hint", "ShorterTimeout", "timeouts.tcp.established 2h");
        }

        Add("liar", "Critical", "Nonsense", "buy more memory");
        Assert.Equal(
            "liar (1 of 120 nodes): buy more memory; most frequent: 80 of 120 nodes, such as n00: timeouts.tcp.established 2h",
            _counts.Summary(120));
    }

    [Fact]
    public void Sentence_of_a_node_is_cut()
    {
        var said = ReportedAdvice.From(new NodeStatus { Advice = new string('x', 900_000), AdviceReason = new string('y', 900_000) })!;
        Assert.InRange(said.Text.Length, 1, 400);
        Assert.InRange(said.Reason.Length, 1, 128);
    }

    private void Add(string node, string severity, string reason, string text) =>
        _counts.Add(node, ReportedAdvice.From(new NodeStatus { Advice = text, AdviceReason = reason, AdviceSeverity = severity })!);
}
