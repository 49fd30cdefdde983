using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Sizing;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Planning;

/// <summary>Decides what one node's kernel shall hold. Pure: the same input gives the same plan, to the byte.</summary>
public static class NodePlanner
{
    /// <summary>Plans one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="policies">All policies of the cluster, in any order. Those that are being deleted, are not valid or do not select the
    /// node contribute nothing.</param>
    /// <returns>The plan. Settings is never null; Refused is null when nothing is refused.</returns>
    public static NodePlan Plan(NodeFacts node, IReadOnlyList<ConntrackPolicy> policies)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(policies);
        return PlanValid(node, [.. policies.Where(policy => PolicyValidator.Validate(policy).Count == 0)]);
    }

    /// <summary>Plans one node from policies that are known to be valid: with thousands of nodes each is looked through once.</summary>
    /// <param name="node">The node.</param>
    /// <param name="policies">Policies for which <see cref="PolicyValidator.Validate"/> finds nothing, in any order. Those that are being
    /// deleted or do not select the node contribute nothing.</param>
    /// <returns>As <see cref="Plan"/>.</returns>
    public static NodePlan PlanValid(NodeFacts node, IReadOnlyList<ConntrackPolicy> policies)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(policies);
        var selecting = policies
            .Where(
                policy => policy.Metadata?.DeletionTimestamp is null && policy.Spec is { } spec
                    && LabelSelectors.Matches(spec.NodeSelector, node.Labels))
            .Order(PolicyPrecedence.Comparer)
            .ToList();
        return new PlanBuilder(node, selecting).Build();
    }
}
