using ConntrackOperator.Api.Meta;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests;

public class LabelSelectorsTests
{
    private static readonly Dictionary<string, string> _edge = new() { ["role"] = "edge" };

    [Fact]
    public void Agrees_with_a_naive_reading_of_the_four_operators() =>
        Gen.Select(Generators.Selector, Generators.Labels).Sample((selector, labels) =>
    {
        // Every label as a set of pairs; every requirement as a sentence about that set.
        var pairs = labels.Select(label => (label.Key, label.Value)).ToHashSet();
        var all = (selector.MatchLabels ?? []).All(label => pairs.Contains((label.Key, label.Value)))
            && (selector.MatchExpressions ?? []).All(requirement => requirement.Operator switch
            {
                "In" => requirement.Values!.Exists(value => pairs.Contains((requirement.Key!, value))),
                "NotIn" => !requirement.Values!.Exists(value => pairs.Contains((requirement.Key!, value))),
                "Exists" => pairs.Any(pair => pair.Key == requirement.Key),
                _ => !pairs.Any(pair => pair.Key == requirement.Key),
            });
        Assert.Equal(all, LabelSelectors.Matches(selector, labels));
    });

    [Fact]
    public void Opposite_operators_never_agree() => Gen.Select(Generators.Requirement, Generators.Labels).Sample((requirement, labels) =>
    {
        var opposite = requirement with
        {
            Operator = requirement.Operator switch { "In" => "NotIn", "NotIn" => "In", "Exists" => "DoesNotExist", _ => "Exists" },
        };
        Assert.NotEqual(
            LabelSelectors.Matches(new LabelSelector { MatchExpressions = [requirement] }, labels),
            LabelSelectors.Matches(new LabelSelector { MatchExpressions = [opposite] }, labels));
    });

    [Fact]
    public void No_selector_and_an_empty_one_select_every_node()
    {
        Assert.True(LabelSelectors.Matches(null, _edge));
        Assert.True(LabelSelectors.Matches(new LabelSelector(), _edge));
        Assert.True(LabelSelectors.Matches(new LabelSelector { MatchLabels = [], MatchExpressions = [] }, _edge));
    }

    [Fact]
    public void A_windows_node_is_never_selected() => Generators.Selector.Sample(selector =>
        Assert.False(
            LabelSelectors.Matches(
                selector, new Dictionary<string, string> { ["kubernetes.io/os"] = "windows", ["role"] = "a", ["zone"] = "b" })));

    [Fact]
    public void A_node_that_says_it_runs_Linux_is_selected_as_one_that_says_nothing()
    {
        var linux = new Dictionary<string, string>(_edge) { ["kubernetes.io/os"] = "linux" };
        Assert.True(LabelSelectors.Matches(null, linux));
        Assert.True(LabelSelectors.Matches(new LabelSelector { MatchLabels = new() { ["role"] = "edge" } }, linux));
    }

    [Fact]
    public void A_requirement_that_is_missing_or_names_no_label_selects_nothing()
    {
        Assert.False(LabelSelectors.Matches(new LabelSelector { MatchExpressions = [null!] }, _edge));
        Assert.False(LabelSelectors.Matches(new LabelSelector { MatchExpressions = [new() { Operator = "DoesNotExist" }] }, _edge));
    }

    [Theory]
    [InlineData("Gt", "1")]
    [InlineData("in", "edge")]
    [InlineData("In", null)]
    [InlineData("NotIn", null)]
    [InlineData("Exists", "edge")]
    public void A_requirement_that_is_not_valid_selects_nothing(string name, string? value) => Assert.False(LabelSelectors.Matches(
        new LabelSelector { MatchExpressions = [new() { Key = "role", Operator = name, Values = value is null ? null : [value] }] },
        _edge));
}
