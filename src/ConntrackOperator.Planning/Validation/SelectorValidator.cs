using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Validation;

/// <summary>Checks a label selector as Kubernetes does.</summary>
internal static class SelectorValidator
{
    private static readonly string[] _operators = ["In", "NotIn", "Exists", "DoesNotExist"];

    internal static void Check(LabelSelector? selector, string path, List<FieldError> errors)
    {
        var labels = selector?.MatchLabels ?? [];
        if (labels.Count > LabelSelector.MaximumItems)
        {
            errors.Add(new(path + ".matchLabels", Text(labels.Count), RuleMessages.TooMany(LabelSelector.MaximumItems)));
        }

        foreach (var (key, value) in labels)
        {
            if (!LabelSyntax.IsKey(key))
            {
                errors.Add(new(path + ".matchLabels", JsonText.Quote(key), RuleMessages.LabelKey));
            }

            if (!LabelSyntax.IsValue(value))
            {
                errors.Add(new($"{path}.matchLabels[{key}]", JsonText.Quote(value ?? string.Empty), RuleMessages.LabelValue));
            }
        }

        var expressions = selector?.MatchExpressions ?? [];
        if (expressions.Count > LabelSelector.MaximumItems)
        {
            errors.Add(new(path + ".matchExpressions", Text(expressions.Count), RuleMessages.TooMany(LabelSelector.MaximumItems)));
        }

        for (var i = 0; i < expressions.Count; i++)
        {
            Check(expressions[i], $"{path}.matchExpressions[{i}]", errors);
        }
    }

    private static void Check(LabelSelectorRequirement? requirement, string path, List<FieldError> errors)
    {
        if (requirement?.Key is not { } key)
        {
            errors.Add(new(path + ".key", string.Empty, FieldError.RequiredMessage));
        }
        else if (!LabelSyntax.IsKey(key))
        {
            errors.Add(new(path + ".key", JsonText.Quote(key), RuleMessages.LabelKey));
        }

        if (requirement?.Operator is not { } name)
        {
            errors.Add(new(path + ".operator", string.Empty, FieldError.RequiredMessage));
            return;
        }

        if (!_operators.Contains(name))
        {
            errors.Add(new(path + ".operator", JsonText.Quote(name), RuleMessages.Choices(_operators)));
        }

        var values = requirement.Values ?? [];
        if (name is "In" or "NotIn" && values.Count == 0)
        {
            errors.Add(new(path + ".values", string.Empty, RuleMessages.ValuesNeeded));
        }
        else if (name is "Exists" or "DoesNotExist" && values.Count > 0)
        {
            errors.Add(new(path + ".values", string.Empty, RuleMessages.ValuesNotAllowed));
        }

        if (values.Count > LabelSelectorRequirement.MaximumValues)
        {
            errors.Add(new(path + ".values", Text(values.Count), RuleMessages.TooMany(LabelSelectorRequirement.MaximumValues)));
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (!LabelSyntax.IsValue(values[i]))
            {
                errors.Add(new($"{path}.values[{i}]", JsonText.Quote(values[i] ?? string.Empty), RuleMessages.LabelValue));
            }
        }
    }

    private static string Text(int value) => value.ToString();
}
