using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>One requirement on a label.</summary>
[Rule("self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : true",
    RuleMessages.ValuesNeeded, Field = "values")]
[Rule("self.operator in ['Exists', 'DoesNotExist'] ? !has(self.values) || size(self.values) == 0 : true",
    RuleMessages.ValuesNotAllowed, Field = "values")]
public sealed record LabelSelectorRequirement
{
    /// <summary>How many values may be given.</summary>
    public const int MaximumValues = 64;

    /// <summary>The label's key.</summary>
    [Required, LabelKeys]
    public string? Key { get; init; }

    /// <summary>In and NotIn compare with values; Exists and DoesNotExist look for the key alone.</summary>
    [Required, AllowedValues("In", "NotIn", "Exists", "DoesNotExist")]
    public string? Operator { get; init; }

    /// <summary>The values to compare with, for In and NotIn.</summary>
    [MaxItems(MaximumValues), LabelValues]
    public List<string>? Values { get; init; }
}
