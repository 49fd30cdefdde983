using ConntrackOperator.Controller.Rollouts;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>What one node adds to one policy's status.</summary>
/// <param name="State">How it is.</param>
/// <param name="Reason">One word when it is not ready.</param>
/// <param name="Message">Why, when it is not ready.</param>
/// <param name="Rollout">Where it is in the policy's rollout.</param>
internal readonly record struct NodePolicyStatus(
    NodePolicyState State, string? Reason, string? Message, NodeRolloutState Rollout = default);
