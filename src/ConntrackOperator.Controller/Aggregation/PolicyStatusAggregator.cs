using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>
/// Adds up, for every policy, what its nodes report; knows how far the planning of each policy is; keeps the budget of the rollouts.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>Guaranteed: what one node changes costs the logarithm of the number of nodes. <see cref="Requeued"/> names every policy whose
/// status a node's update touches, and every node that a rollout can go on with.</para>
/// <para>Assumed: each <see cref="Reserve"/> is followed by an <see cref="Update"/> for the same node, which the planning pass does.</para>
/// <para>Not promised: nothing of it outlives the process; a new leader fills it from the objects.</para>
/// </remarks>
internal sealed class PolicyStatusAggregator
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyAggregate> _aggregates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeStatusSummary> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReplanBarrier> _barriers = new(StringComparer.Ordinal);
    private readonly RolloutBudgets _budget = new();
    private long _epoch;

    /// <summary>Called for what has to be reconciled because of a change. The handlers must be quick: they enqueue.</summary>
    public event Action<RequeueSet>? Requeued;

    /// <summary>
    /// How many times a replan has begun. A pass takes it before it reads the policies: a policy that changes after that needs the node
    /// planned once more.
    /// </summary>
    public long Epoch
    {
        get
        {
            lock (_lock)
            {
                return _epoch;
            }
        }
    }

    /// <summary>A policy is new or has changed: these nodes have to be planned before its status is current.</summary>
    public void BeginReplan(ConntrackPolicy policy, IEnumerable<string> nodes)
    {
        var (name, uid, generation) = (policy.Metadata!.Name!, policy.Metadata.Uid, policy.Metadata.Generation);
        lock (_lock)
        {
            // An event of a state that has passed already: the barrier of the newer state stays.
            if (!_barriers.TryGetValue(name, out var known) || !known.Covers(uid, generation + 1))
            {
                var barrier = _barriers[name] = new ReplanBarrier(uid, generation, ++_epoch, nodes);
                _budget.BeginReplan(name, policy.Spec?.Rollout, barrier.Pending == 0);
            }
        }
    }

    /// <summary>Asks for these to be reconciled.</summary>
    public void Requeue(RequeueSet set) => Requeued?.Invoke(set);

    /// <summary>
    /// Gives a node the slots that its changes need, all of those of a change or none. They are its own from here on, until
    /// <see cref="Update"/>, which has to follow, is told how the node is.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="changes">What may have to wait; empty: the node waits for nothing any more.</param>
    /// <param name="policies">The policies with a rollout, as the node was planned from them.</param>
    /// <param name="stateOf">Where the node is in the rollout of one of them now.</param>
    /// <param name="epoch"><see cref="Epoch"/> as it was before they were read.</param>
    /// <returns>What has to wait.</returns>
    public IReadOnlyList<RolloutChange> Reserve(
        string node,
        IReadOnlyList<RolloutChange> changes,
        IReadOnlyDictionary<string, ConntrackPolicy> policies,
        Func<string, NodeRolloutState> stateOf,
        long epoch)
    {
        var states = policies.Keys.Select(p => (p, stateOf(p))).ToList();
        lock (_lock)
        {
            return _budget.Reserve(node, changes, states, name => _barriers.TryGetValue(name, out var barrier)
                && barrier.Covers(policies[name].Metadata?.Uid, policies[name].Metadata?.Generation) && barrier.Includes(epoch));
        }
    }

    /// <summary>Takes over how a planned node is.</summary>
    /// <param name="node">The node.</param>
    /// <param name="summary">How it is; null: no policy selects it, or it is gone.</param>
    /// <param name="epoch"><see cref="Epoch"/> as it was before the policies were read that the node was planned from.</param>
    public void Update(string node, NodeStatusSummary? summary, long epoch)
    {
        RequeueSet requeue;
        lock (_lock)
        {
            var touched = new HashSet<string>(_budget.PoliciesOf(node), StringComparer.Ordinal);
            touched.UnionWith(_nodes.GetValueOrDefault(node)?.Policies.Keys ?? []);
            touched.UnionWith(summary?.Policies.Keys ?? []);
            foreach (var policy in touched)
            {
                UpdateAggregate(policy, node, summary);
            }

            if (summary is null)
            {
                _nodes.Remove(node);
                _budget.ForgetNode(node);
            }
            else
            {
                _nodes[node] = summary;
            }

            // The last node of a replan makes the status current, also of a policy that selects no node at all.
            foreach (var (policy, barrier) in _barriers)
            {
                if (barrier.Planned(node, epoch))
                {
                    touched.Add(policy);
                    _budget.EndReplan(policy);
                }
            }

            requeue = new RequeueSet(touched, _budget.TakeReady());
        }

        Requeue(requeue);
    }

    /// <summary>The sums of one policy; null: this state of it was not announced by <see cref="BeginReplan"/> yet, and will be.</summary>
    public PolicyAggregateSnapshot? Snapshot(ConntrackPolicy policy)
    {
        var name = policy.Metadata!.Name!;
        lock (_lock)
        {
            return _barriers.TryGetValue(name, out var barrier) && barrier.Covers(policy.Metadata.Uid, policy.Metadata.Generation)
                ? (_aggregates.GetValueOrDefault(name) ?? new PolicyAggregate()).Snapshot(barrier.Pending, _budget.Progress(name))
                : null;
        }
    }

    /// <summary>The counts of every known policy, by name: what metrics show. Costs by the number of policies.</summary>
    public IReadOnlyList<PolicySummary> Summaries()
    {
        lock (_lock)
        {
            return
            [
                .. _barriers.Keys.Order(StringComparer.Ordinal).Select(name => new PolicySummary(
                    name, (_aggregates.GetValueOrDefault(name) ?? new PolicyAggregate()).Counts, _budget.Progress(name))),
            ];
        }
    }

    /// <summary>The policy is gone.</summary>
    public void Forget(string policy)
    {
        lock (_lock)
        {
            _aggregates.Remove(policy);
            _barriers.Remove(policy);
            _budget.ForgetPolicy(policy);
        }
    }

    private void UpdateAggregate(string policy, string node, NodeStatusSummary? summary)
    {
        if (!_aggregates.TryGetValue(policy, out var aggregate))
        {
            _aggregates.Add(policy, aggregate = new PolicyAggregate());
        }

        NodePolicyStatus? status = summary is not null && summary.Policies.TryGetValue(policy, out var given) ? given : null;
        aggregate.Update(
            node, status, summary?.Usage ?? default,
            summary is null ? [] : [.. summary.Conflicts.Where(c => c.Winner == policy || c.Loser == policy)]);
        var hasTrouble = status is { State: NodePolicyState.Failed or NodePolicyState.Drifted };
        _budget.Update(policy, node, status?.Rollout, hasTrouble, aggregate.Selected);
    }
}
