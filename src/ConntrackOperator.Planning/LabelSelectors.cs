using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Planning;

/// <summary>Decides whether a policy's node selector selects a node, with the meaning of <c>metav1.LabelSelector</c>.</summary>
public static class LabelSelectors
{
    /// <summary>The label by which kubelet tells a node's operating system.</summary>
    public const string OperatingSystemLabel = "kubernetes.io/os";

    /// <summary>
    /// Whether a node with these labels is selected. A node that says it runs Windows never is: it has no connection tracking of this kind.
    /// </summary>
    /// <param name="selector">All its parts must hold; null or empty selects every node that is not a Windows node. A requirement that is
    /// not valid (an unknown operator, In without values) selects nothing.</param>
    /// <param name="labels">The node's labels.</param>
    /// <returns>True when the node is selected.</returns>
    public static bool Matches(LabelSelector? selector, IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.TryGetValue(OperatingSystemLabel, out var system) && system == "windows")
        {
            return false;
        }

        foreach (var (key, value) in selector?.MatchLabels ?? [])
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }

        foreach (var requirement in selector?.MatchExpressions ?? [])
        {
            if (!Holds(requirement, labels))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Holds(LabelSelectorRequirement requirement, IReadOnlyDictionary<string, string> labels)
    {
        if (requirement?.Key is not { } key)
        {
            return false;
        }

        var there = labels.TryGetValue(key, out var actual);
        var values = requirement.Values ?? [];
        return requirement.Operator switch
        {
            "In" => there && values.Contains(actual!),
            "NotIn" => values.Count > 0 && (!there || !values.Contains(actual!)),
            "Exists" => there && values.Count == 0,
            "DoesNotExist" => !there && values.Count == 0,
            _ => false,
        };
    }
}
