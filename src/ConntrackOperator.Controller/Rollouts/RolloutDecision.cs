using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>How much of its plan a node is given now. Pure: the slots were reserved before.</summary>
/// <param name="Spec">The plan that its ConntrackNode shall hold now.</param>
/// <param name="Checkpoints">What shall be kept on it of the rollouts, by policy.</param>
/// <param name="Limited">The policies with a rollout that select the node.</param>
/// <param name="Granted">The policies whose slot the node takes with this decision.</param>
/// <param name="Waiting">The policies some of whose changes have to wait.</param>
/// <param name="IsAvailable">Whether the node is ready and its agent reports.</param>
/// <param name="At">When it was decided.</param>
internal sealed record RolloutDecision(
    NodeSpec Spec,
    IReadOnlyDictionary<string, RolloutCheckpoint> Checkpoints,
    IReadOnlyCollection<string> Limited,
    IReadOnlySet<string> Granted,
    IReadOnlySet<string> Waiting,
    bool IsAvailable,
    DateTimeOffset At)
{
    /// <summary>Makes it. All but the slots comes from the objects, so any replica comes to the same decision.</summary>
    /// <param name="plan">The node's plan.</param>
    /// <param name="limited">The policies with a rollout that select the node.</param>
    /// <param name="changes">What may have to wait.</param>
    /// <param name="held">What of it has to wait.</param>
    /// <param name="existing">Its ConntrackNode as it is; null: none.</param>
    /// <param name="isAvailable">Whether the node is ready and its agent reports.</param>
    /// <param name="now">The time.</param>
    public static RolloutDecision Make(
        NodePlan plan,
        IReadOnlyCollection<string> limited,
        IReadOnlyList<RolloutChange> changes,
        IReadOnlyList<RolloutChange> held,
        ConntrackNode? existing,
        bool isAvailable,
        DateTimeOffset now)
    {
        var granted = changes.Except(held).SelectMany(c => c.Policies).ToHashSet(StringComparer.Ordinal);
        var checkpoints = new Dictionary<string, RolloutCheckpoint>(StringComparer.Ordinal);
        foreach (var (policy, checkpoint) in RolloutCheckpoints.Of(existing))
        {
            // Also of a policy that has no rollout now: it may get it back before the agent has reported.
            if (plan.Policies.Contains(policy))
            {
                checkpoints[policy] = checkpoint;
            }
        }

        foreach (var policy in granted)
        {
            checkpoints[policy] = new RolloutCheckpoint(
                existing?.Metadata?.Generation ?? 0, existing?.Status?.Rates?.TableFullDropsPerMinute ?? 0, now);
        }

        return new RolloutDecision(
            PlanDifference.Step(existing?.Spec, plan.Spec, held),
            checkpoints,
            limited,
            granted,
            held.SelectMany(c => c.Policies).ToHashSet(StringComparer.Ordinal),
            isAvailable,
            now);
    }

    /// <summary>Where the node is in a policy's rollout after the decision.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="node">The ConntrackNode as it is after the decision; null: none.</param>
    /// <param name="isWritten">Whether the decision is known to be in the object; if not, it may be in it all the same.</param>
    public NodeRolloutState StateOf(string policy, ConntrackNode? node, bool isWritten)
    {
        if (!Limited.Contains(policy))
        {
            return default;
        }

        if (!isWritten && Granted.Contains(policy))
        {
            // Until the object has been read.
            return new NodeRolloutState(true, false, HoldsSlot: true);
        }

        // While some of its changes wait, what it drops says nothing about the settings that are rolled out.
        var state = NodeRolloutState.Of(policy, node, IsAvailable, At);
        return Waiting.Contains(policy) ? state with { BeganToDrop = false } : state;
    }
}
