using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>Selects objects by their labels, as <c>metav1.LabelSelector</c>: all of matchLabels and matchExpressions must hold; an empty selector selects everything.</summary>
public sealed record LabelSelector
{
    /// <summary>Labels that must be there with exactly these values.</summary>
    [MaxItems(32), LabelKeys, LabelValues]
    public Dictionary<string, string>? MatchLabels { get; init; }

    /// <summary>Requirements on labels; all must hold.</summary>
    [MaxItems(32)]
    public List<LabelSelectorRequirement>? MatchExpressions { get; init; }
}
