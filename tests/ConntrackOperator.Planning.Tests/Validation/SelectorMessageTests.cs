using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

/// <summary>A label selector, as Kubernetes checks it.</summary>
public class SelectorMessageTests
{
    private static readonly string _longest = new('a', 63);

    [Fact]
    public void Labels_are_32_at_most_with_keys_and_values_that_labels_can_have()
    {
        Assert.Empty(Errors(new LabelSelector { MatchLabels = new() { ["a"] = "", ["b.c/D_e.f"] = "x-Y_z.9" } }));
        Assert.Empty(Errors(new LabelSelector { MatchLabels = Many(32) }));
        Assert.Equal(
            ["s.matchLabels: Invalid value: 33: must have at most 32 items"], Errors(new LabelSelector { MatchLabels = Many(33) }));
        Assert.Equal(
            ["s.matchLabels: Invalid value: \"/a\": " + RuleMessages.LabelKey,
            "s.matchLabels[/a]: Invalid value: \"-\": " + RuleMessages.LabelValue],
            Errors(new LabelSelector { MatchLabels = new() { ["/a"] = "-" } }));
        Assert.Equal(
            ["s.matchLabels[a]: Invalid value: \"\": " + RuleMessages.LabelValue],
            Errors(new LabelSelector { MatchLabels = new() { ["a"] = null! } }));

        static Dictionary<string, string> Many(int count) => Enumerable.Range(0, count).ToDictionary(i => $"k{i}", _ => "v");
    }

    [Theory]
    [InlineData(null, "In", 1, "key: Required value")]
    [InlineData("-", "In", 1, "key: Invalid value: \"-\": " + RuleMessages.LabelKey)]
    [InlineData("a", null, 1, "operator: Required value")]
    [InlineData("a", "in", 1, "operator: Invalid value: \"in\": must be one of In, NotIn, Exists, DoesNotExist")]
    [InlineData("a", "In", 0, "values: " + RuleMessages.ValuesNeeded)]
    [InlineData("a", "NotIn", 0, "values: " + RuleMessages.ValuesNeeded)]
    [InlineData("a", "Exists", 1, "values: " + RuleMessages.ValuesNotAllowed)]
    [InlineData("a", "DoesNotExist", 1, "values: " + RuleMessages.ValuesNotAllowed)]
    [InlineData("a", "In", 65, "values: Invalid value: 65: must have at most 64 items")]
    [InlineData("a", "In", 64, null)]
    [InlineData("a", "NotIn", 1, null)]
    [InlineData("a", "Exists", 0, null)]
    [InlineData("a", "DoesNotExist", 0, null)]
    public void Expressions_have_a_key_an_operator_and_as_many_values_as_it_takes(string? key, string? name, int values, string? error)
    {
        var second = new LabelSelectorRequirement { Key = key, Operator = name, Values = [.. Enumerable.Repeat("v", values)] };
        var selector = new LabelSelector { MatchExpressions = [new() { Key = "a", Operator = "Exists" }, second] };
        Assert.Equal(error is null ? [] : ["s.matchExpressions[1]." + error], Errors(selector));
    }

    [Fact]
    public void Expressions_are_32_at_most_and_none_is_null_and_values_are_those_of_labels()
    {
        Assert.Empty(Errors(new LabelSelector { MatchExpressions = Many(32) }));
        Assert.Equal(
            ["s.matchExpressions: Invalid value: 33: must have at most 32 items"],
            Errors(new LabelSelector { MatchExpressions = Many(33) }));
        Assert.Equal(
            ["s.matchExpressions[0].key: Required value", "s.matchExpressions[0].operator: Required value"],
            Errors(new LabelSelector { MatchExpressions = [null!] }));
        Assert.Equal(
            ["s.matchExpressions[0].values[1]: Invalid value: \" \": " + RuleMessages.LabelValue,
            "s.matchExpressions[0].values[2]: Invalid value: \"\": " + RuleMessages.LabelValue],
            Errors(new LabelSelector { MatchExpressions = [new() { Key = "a", Operator = "In", Values = ["", " ", null!] }] }));

        static List<LabelSelectorRequirement> Many(int count) =>
            [.. Enumerable.Repeat(new LabelSelectorRequirement { Key = "a", Operator = "Exists" }, count)];
    }

    [Fact]
    public void Keys_are_a_name_of_63_after_a_dns_name_of_253_at_most()
    {
        var prefix = string.Join('.', Enumerable.Repeat(_longest, 3)) + "." + new string('b', 61);
        Assert.Equal(253, prefix.Length);
        Assert.True(LabelSyntax.IsKey(prefix + "/" + _longest));
        Assert.False(LabelSyntax.IsKey(prefix + "/" + _longest + "a"));
        Assert.False(LabelSyntax.IsKey(prefix + "b/a"));
        Assert.False(LabelSyntax.IsKey(null));
        Assert.True(LabelSyntax.IsValue(_longest));
        Assert.False(LabelSyntax.IsValue(_longest + "a"));
        Assert.False(LabelSyntax.IsValue(null));
    }

    [Fact]
    public void Names_of_objects_have_1_to_253_characters()
    {
        Assert.True(ObjectNames.IsValid(new string('a', 253)));
        Assert.False(ObjectNames.IsValid(new string('a', 254)));
        Assert.All(["", null, "A", "a_b", "-a", "a-", "a..b", ".a"], name => Assert.False(ObjectNames.IsValid(name)));
        Assert.True(ObjectNames.IsValid("a"));
    }

    private static string[] Errors(LabelSelector selector)
    {
        var errors = new List<FieldError>();
        SelectorValidator.Check(selector, "s", errors);
        return [.. errors.Select(e => e.ToString())];
    }
}
