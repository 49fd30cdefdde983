using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>What a node is given now of the way to its plan.</summary>
/// <param name="Spec">The plan that its ConntrackNode shall hold now.</param>
/// <param name="Marks">What shall be kept on it of the rollouts, by policy.</param>
/// <param name="Limited">The policies with a rollout that select the node.</param>
/// <param name="Taken">The policies whose place the node takes with this step.</param>
/// <param name="Waiting">The policies some of whose changes have to wait.</param>
/// <param name="IsThere">Whether the node is ready and its agent reports.</param>
/// <param name="At">When it was decided.</param>
internal sealed record RolloutDecision(
    NodeSpec Spec,
    IReadOnlyDictionary<string, RolloutCheckpoint> Marks,
    IReadOnlyCollection<string> Limited,
    IReadOnlySet<string> Taken,
    IReadOnlySet<string> Waiting,
    bool IsThere,
    DateTimeOffset At)
{
    /// <summary>Decides it. Everything but the places comes from the objects, so that it makes no difference which replica decides, or how often.</summary>
    /// <param name="board">Where places are given; <see cref="PolicyStatusAggregator.Put"/> has to follow.</param>
    /// <param name="epoch">From <see cref="PolicyStatusAggregator.BeginPlanning"/>, before the policies were read.</param>
    /// <param name="name">The node.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="policies">The policies that the plan was made from.</param>
    /// <param name="existing">Its ConntrackNode as it is; null: none.</param>
    /// <param name="isThere">Whether the node is ready and its agent reports. One that is not is not changed before it is back: many that come back at once would be changed at once.</param>
    /// <param name="now">The time.</param>
    public static RolloutDecision Decide(
        PolicyStatusAggregator board, long epoch, string name, NodePlan plan, IEnumerable<ConntrackPolicy> policies, ConntrackNode? existing, bool isThere, DateTimeOffset now)
    {
        var limited = policies.Where(p => p.Spec?.Rollout is not null && plan.Policies.Contains(p.Metadata!.Name!))
            .ToDictionary(p => p.Metadata!.Name!, StringComparer.Ordinal);
        var changes = RolloutPlanner.Changes(existing?.Spec, plan, limited.Keys);
        var held = board.Ask(name, isThere ? changes : [], limited, p => NodeRolloutState.Of(p, existing, isThere, now), epoch);
        if (!isThere)
        {
            held = changes;
        }

        var taken = changes.Except(held).SelectMany(c => c.Policies).ToHashSet(StringComparer.Ordinal);
        var marks = new Dictionary<string, RolloutCheckpoint>(StringComparer.Ordinal);
        foreach (var (policy, mark) in RolloutCheckpoints.Of(existing))
        {
            // Also of one that has no rollout now: it may get it back before the agent has spoken.
            if (plan.Policies.Contains(policy))
            {
                marks[policy] = mark;
            }
        }

        foreach (var policy in taken)
        {
            marks[policy] = new RolloutCheckpoint(existing?.Metadata?.Generation ?? 0, existing?.Status?.Rates?.TableFullDropsPerMinute ?? 0, now);
        }

        return new RolloutDecision(
            RolloutPlanner.Step(existing?.Spec, plan.Spec, held), marks, limited.Keys, taken,
            held.SelectMany(c => c.Policies).ToHashSet(StringComparer.Ordinal), isThere, now);
    }

    /// <summary>How the node stands towards a policy's rollout.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="node">The ConntrackNode as it is after the step; null: none.</param>
    /// <param name="isWritten">Whether the step is known to be in the object; if not, it may be all the same.</param>
    public NodeRolloutState Stand(string policy, ConntrackNode? node, bool isWritten)
    {
        if (!Limited.Contains(policy))
        {
            return default;
        }

        if (!isWritten && Taken.Contains(policy))
        {
            // Until the object has been read.
            return new NodeRolloutState(true, false, HasPlace: true);
        }

        // A node that has something before it yet does not speak for the settings that are being rolled out.
        var stand = NodeRolloutState.Of(policy, node, IsThere, At);
        return Waiting.Contains(policy) ? stand with { BeganToDrop = false } : stand;
    }
}
