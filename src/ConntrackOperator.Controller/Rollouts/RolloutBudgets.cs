using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>The slots of all policies together. Not thread-safe: the aggregator locks.</summary>
/// <remarks>
/// <para>Guaranteed: a change gets the slots of all policies that it needs, or none. So two nodes without failed settings never wait for
/// slots that the other one holds. Nodes with failed settings, which keep their slots, do not wait for each other either.</para>
/// <para>Assumed: every node that asked is followed by an <see cref="Update"/> for each of its policies.</para>
/// </remarks>
internal sealed class RolloutBudgets
{
    private readonly Dictionary<string, RolloutBudget> _slots = new(StringComparer.Ordinal);

    // The policies at which a node waits, or holds a slot that no report has confirmed yet.
    private readonly Dictionary<string, HashSet<string>> _policiesOf = new(StringComparer.Ordinal);

    /// <summary>How far a policy's rollout is; null: it has none.</summary>
    public RolloutProgress? Progress(string policy) => _slots.GetValueOrDefault(policy)?.Progress;

    /// <summary>The policy is new or was edited.</summary>
    public void BeginReplan(string policy, RolloutSpec? rollout, bool isReplanned) => Slots(policy).BeginReplan(rollout, isReplanned);

    /// <summary>Every node was planned since the policy changed.</summary>
    public void EndReplan(string policy) => Slots(policy).IsReplanned = true;

    /// <summary>The policy is gone.</summary>
    public void ForgetPolicy(string policy) => _slots.Remove(policy);

    /// <summary>The node is gone, or nothing selects it.</summary>
    public void ForgetNode(string node) => _policiesOf.Remove(node);

    /// <summary>The policies at which the node has asked for slots.</summary>
    public IReadOnlyCollection<string> PoliciesOf(string node) => _policiesOf.TryGetValue(node, out var policies) ? policies : [];

    /// <summary>Gives a node the slots that its changes need, as far as there are any.</summary>
    /// <param name="node">The node.</param>
    /// <param name="changes">All that may have to wait.</param>
    /// <param name="states">How the node is now, by policy.</param>
    /// <param name="isCurrent">Whether the node was planned from the state of a policy that its slots are about.</param>
    /// <returns>What has to wait.</returns>
    public List<RolloutChange> Reserve(
        string node,
        IReadOnlyList<RolloutChange> changes,
        IReadOnlyCollection<(string Policy, NodeRolloutState State)> states,
        Func<string, bool> isCurrent)
    {
        if (_policiesOf.Remove(node, out var before))
        {
            foreach (var policy in before)
            {
                _slots.GetValueOrDefault(policy)?.StopWaiting(node);
            }
        }

        foreach (var (policy, state) in states)
        {
            Slots(policy).Observe(node, state);
            Remember(node, policy);
        }

        var failed = states.Where(s => s.State.HasFailed).Select(s => s.Policy).ToHashSet(StringComparer.Ordinal);
        var hasFailed = failed.Count > 0;
        var waits = false;
        var held = new List<RolloutChange>();
        foreach (var change in changes)
        {
            if (!change.Policies.All(isCurrent))
            {
                // The event of the policy's change is on its way, and requeues every node.
                held.Add(change);
                continue;
            }

            if (change.Policies.FirstOrDefault(p => !Slots(p).MayTake(node, hasFailed)) is { } full)
            {
                // At one policy only: else a slot there could stay unused while the other policy has none.
                Slots(full).Wait(node, hasFailed);
                waits = true;
                held.Add(change);
                continue;
            }

            foreach (var policy in change.Policies)
            {
                Slots(policy).Take(node);
                failed.Remove(policy);
            }
        }

        foreach (var policy in waits ? failed : [])
        {
            Slots(policy).WaitWithSlot(node);
        }

        return held;
    }

    /// <summary>Takes over how a planned node is with regard to a policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="node">The node.</param>
    /// <param name="state">Its state in the rollout; null: the policy does not select it.</param>
    /// <param name="hasTrouble">Whether a setting of the policy failed there, or something else keeps overwriting it.</param>
    /// <param name="selected">How many nodes the policy selects.</param>
    public void Update(string policy, string node, NodeRolloutState? state, bool hasTrouble, int selected)
    {
        if (_slots.TryGetValue(policy, out var slots))
        {
            slots.Selected = selected;
            slots.Update(node, state, hasTrouble);
            if (state is null)
            {
                slots.StopWaiting(node);
            }
        }
    }

    /// <summary>Takes out the waiting nodes that can go on now, policy by policy.</summary>
    public List<string> TakeReady()
    {
        var ready = new List<string>();
        foreach (var slots in _slots.Values)
        {
            slots.TakeReady(ready);
        }

        return ready;
    }

    private void Remember(string node, string policy)
    {
        if (!_policiesOf.TryGetValue(node, out var policies))
        {
            _policiesOf.Add(node, policies = new HashSet<string>(StringComparer.Ordinal));
        }

        policies.Add(policy);
    }

    private RolloutBudget Slots(string policy)
    {
        if (!_slots.TryGetValue(policy, out var slots))
        {
            _slots.Add(policy, slots = new RolloutBudget());
        }

        return slots;
    }
}
