using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>
/// Selects objects by their labels, as <c>metav1.LabelSelector</c>: all of matchLabels and matchExpressions must hold; an empty selector
/// selects everything.
/// </summary>
public sealed record LabelSelector
{
    /// <summary>How many labels, and how many expressions, may be given.</summary>
    public const int MaximumItems = 32;

    /// <summary>Labels that must be there with exactly these values.</summary>
    [MaxItems(MaximumItems), LabelKeys, LabelValues]
    public Dictionary<string, string>? MatchLabels { get; init; }

    /// <summary>Requirements on labels; all must hold.</summary>
    [MaxItems(MaximumItems)]
    public List<LabelSelectorRequirement>? MatchExpressions { get; init; }
}
