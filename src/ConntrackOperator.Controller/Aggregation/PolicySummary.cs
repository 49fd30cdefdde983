using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Rollouts;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The counts of one policy, for metrics.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Nodes">How many nodes are in which state.</param>
/// <param name="Rollout">How far the rollout is; null: the policy has none.</param>
internal sealed record PolicySummary(string Policy, PolicyNodeCounts Nodes, RolloutProgress? Rollout)
{
    /// <summary>Whether the rollout stands still because nodes that were changed have begun to drop packets.</summary>
    public bool IsPaused => Rollout is { IsPaused: true } && Nodes.Waiting > 0;
}
