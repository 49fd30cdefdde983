using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>One requirement on a label.</summary>
[Rule("self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : true",
    "values must not be empty when operator is In or NotIn", Field = "values")]
[Rule("self.operator in ['Exists', 'DoesNotExist'] ? !has(self.values) || size(self.values) == 0 : true",
    "values must be left out when operator is Exists or DoesNotExist", Field = "values")]
public sealed record LabelSelectorRequirement
{
    /// <summary>The label's key.</summary>
    [Required, MinLength(1), MaxLength(317)]
    [Pattern("^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")]
    public string? Key { get; init; }

    /// <summary>In and NotIn compare with values; Exists and DoesNotExist look for the key alone.</summary>
    [Required, AllowedValues("In", "NotIn", "Exists", "DoesNotExist")]
    public string? Operator { get; init; }

    /// <summary>The values to compare with, for In and NotIn.</summary>
    [MaxItems(64), Pattern("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"), MaxLength(63)]
    public List<string>? Values { get; init; }
}
