using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Planning;

/// <summary>Decides what one node's kernel shall hold. Pure: the same input gives the same plan, to the byte.</summary>
public static class NodePlanner
{
    /// <summary>Refused: a full table would take more of the node's memory than allowed.</summary>
    public const string OverMemoryLimit = "OverMemoryLimit";

    /// <summary>Refused: the node's memory or cores are not known.</summary>
    public const string FactsUnknown = "FactsUnknown";

    /// <summary>Refused: more sysctls without a field of their own than a plan can hold.</summary>
    public const string TooManySysctls = "TooManySysctls";

    /// <summary>Refused: taken from two policies, ipv6Fragments.lowThreshold would be above highThreshold.</summary>
    public const string AboveHighThreshold = "AboveHighThreshold";

    /// <summary>Plans one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="policies">All policies of the cluster, in any order. Those that are being deleted, are not valid or do not select the node contribute nothing.</param>
    /// <returns>The plan. Settings is never null; Refused is null when nothing is refused.</returns>
    public static NodePlan Plan(NodeFacts node, IReadOnlyList<ConntrackPolicy> policies)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(policies);
        return PlanValid(node, [.. policies.Where(policy => PolicyValidator.Validate(policy).Count == 0)]);
    }

    /// <summary>Plans one node from policies that are known to be valid: with thousands of nodes each is looked through once.</summary>
    /// <param name="node">The node.</param>
    /// <param name="policies">Policies for which <see cref="PolicyValidator.Validate"/> finds nothing, in any order. Those that are being deleted or do not select the node contribute nothing.</param>
    /// <returns>As <see cref="Plan"/>.</returns>
    public static NodePlan PlanValid(NodeFacts node, IReadOnlyList<ConntrackPolicy> policies)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(policies);
        var selecting = policies
            .Where(policy => policy.Metadata?.DeletionTimestamp is null && policy.Spec is { } spec && LabelSelectors.Matches(spec.NodeSelector, node.Labels))
            .Order(PolicyPrecedence.Comparer)
            .ToList();
        return new PlanBuilder(node, selecting).Build();
    }
}
