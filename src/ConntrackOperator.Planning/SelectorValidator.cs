using System.Globalization;
using System.Text.RegularExpressions;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Planning;

/// <summary>Checks a label selector as Kubernetes does.</summary>
internal static partial class SelectorValidator
{
    private const int MaximumItems = 32;
    private const int MaximumValues = 64;
    private const int MaximumPrefix = 253;
    private const int MaximumKey = 317;

    private static readonly string[] Operators = ["In", "NotIn", "Exists", "DoesNotExist"];

    internal static void Check(LabelSelector? selector, string path, List<FieldError> errors)
    {
        var labels = selector?.MatchLabels ?? [];
        if (labels.Count > MaximumItems)
        {
            errors.Add(new(path + ".matchLabels", Text(labels.Count), RuleMessages.TooMany(MaximumItems)));
        }

        foreach (var (key, value) in labels)
        {
            if (!IsKey(key))
            {
                errors.Add(new(path + ".matchLabels", JsonText.Quote(key), RuleMessages.LabelKey));
            }

            if (!IsValue(value))
            {
                errors.Add(new($"{path}.matchLabels.{key}", JsonText.Quote(value ?? string.Empty), RuleMessages.LabelValue));
            }
        }

        var expressions = selector?.MatchExpressions ?? [];
        if (expressions.Count > MaximumItems)
        {
            errors.Add(new(path + ".matchExpressions", Text(expressions.Count), RuleMessages.TooMany(MaximumItems)));
        }

        for (var i = 0; i < expressions.Count; i++)
        {
            Check(expressions[i], string.Create(CultureInfo.InvariantCulture, $"{path}.matchExpressions[{i}]"), errors);
        }
    }

    private static void Check(LabelSelectorRequirement? requirement, string path, List<FieldError> errors)
    {
        if (requirement?.Key is not { } key)
        {
            errors.Add(new(path + ".key", string.Empty, FieldError.RequiredMessage));
        }
        else if (!IsKey(key))
        {
            errors.Add(new(path + ".key", JsonText.Quote(key), RuleMessages.LabelKey));
        }

        if (requirement?.Operator is not { } name)
        {
            errors.Add(new(path + ".operator", string.Empty, FieldError.RequiredMessage));
            return;
        }

        if (!Operators.Contains(name))
        {
            errors.Add(new(path + ".operator", JsonText.Quote(name), RuleMessages.Choices(Operators)));
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

        if (values.Count > MaximumValues)
        {
            errors.Add(new(path + ".values", Text(values.Count), RuleMessages.TooMany(MaximumValues)));
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (!IsValue(values[i]))
            {
                errors.Add(new(string.Create(CultureInfo.InvariantCulture, $"{path}.values[{i}]"), JsonText.Quote(values[i] ?? string.Empty), RuleMessages.LabelValue));
            }
        }
    }

    private static bool IsKey(string key) =>
        key.Length <= MaximumKey && key.IndexOf('/', StringComparison.Ordinal) <= MaximumPrefix && Key().IsMatch(key);

    private static bool IsValue(string? value) => value is not null && Value().IsMatch(value);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    // k8s.io/apimachinery/pkg/util/validation: qualified names and label values.
    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]\z")]
    private static partial Regex Key();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\z")]
    private static partial Regex Value();
}
