using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The tallies of all policies, how far the planning of each is, and the places of their rollouts. Thread-safe.</summary>
internal sealed class PolicyStatusAggregator
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyAggregate> _tallies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeStatusSummary> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReplanBarrier> _rounds = new(StringComparer.Ordinal);
    private readonly RolloutBudget _rollouts = new();
    private long _epoch;

    /// <summary>A policy is new or has changed: these nodes have to be planned before its status is current.</summary>
    public void Begin(ConntrackPolicy policy, IEnumerable<string> nodes)
    {
        var (name, uid, generation) = (policy.Metadata!.Name!, policy.Metadata.Uid, policy.Metadata.Generation);
        lock (_lock)
        {
            // Told of a state that has passed already: the round for the newer one stays.
            if (!_rounds.TryGetValue(name, out var known) || !known.Covers(uid, generation + 1))
            {
                var round = _rounds[name] = new ReplanBarrier(uid, generation, ++_epoch, nodes);
                _rollouts.Begin(name, policy.Spec?.Rollout, round.Left == 0);
            }
        }
    }

    /// <summary>What to hand to <see cref="Put"/> after planning: a policy that changes meanwhile needs the node planned once more.</summary>
    public long BeginPlanning()
    {
        lock (_lock)
        {
            return _epoch;
        }
    }

    /// <summary>
    /// Gives a node the places that its changes need, all of those of a change or none. They are its own from here on, until
    /// <see cref="Put"/>, which has to follow, is told how the node stands.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="changes">What may have to wait; empty: the node waits for nothing any more.</param>
    /// <param name="policies">The policies with a rollout, as the node was planned from them.</param>
    /// <param name="standing">How the node stands towards the rollout of one of them now.</param>
    /// <param name="epoch">What <see cref="BeginPlanning"/> gave before that.</param>
    /// <returns>What has to wait.</returns>
    public IReadOnlyList<RolloutChange> Ask(
        string node, IReadOnlyList<RolloutChange> changes, IReadOnlyDictionary<string, ConntrackPolicy> policies, Func<string, NodeRolloutState> standing, long epoch)
    {
        var stands = policies.Keys.Select(p => (p, standing(p))).ToList();
        lock (_lock)
        {
            return _rollouts.Ask(node, changes, stands, name => _rounds.TryGetValue(name, out var round)
                && round.Covers(policies[name].Metadata?.Uid, policies[name].Metadata?.Generation) && round.IsAbout(epoch));
        }
    }

    /// <summary>Takes what a planned node adds; null: no policy selects it, or it is gone.</summary>
    public RequeueSet Put(string node, NodeStatusSummary? contribution, long epoch)
    {
        lock (_lock)
        {
            var touched = new HashSet<string>(_rollouts.Of(node), StringComparer.Ordinal);
            var old = _nodes.GetValueOrDefault(node);
            touched.UnionWith(old?.Shares.Keys ?? []);
            touched.UnionWith(contribution?.Shares.Keys ?? []);
            foreach (var policy in touched)
            {
                if (!_tallies.TryGetValue(policy, out var tally))
                {
                    _tallies.Add(policy, tally = new PolicyAggregate());
                }

                NodePolicyStatus? share = contribution is not null && contribution.Shares.TryGetValue(policy, out var given) ? given : null;
                tally.Put(
                    node, share, contribution?.Usage ?? default,
                    contribution is null ? [] : [.. contribution.Conflicts.Where(c => c.Winner == policy || c.Loser == policy)]);
                _rollouts.Put(policy, node, share, tally.Selected);
            }

            if (contribution is null)
            {
                _nodes.Remove(node);
                _rollouts.Drop(node);
            }
            else
            {
                _nodes[node] = contribution;
            }

            // The last node of a round makes the status current, also of a policy that selects no node at all.
            foreach (var (policy, round) in _rounds)
            {
                if (round.Planned(node, epoch))
                {
                    touched.Add(policy);
                    _rollouts.Settle(policy);
                }
            }

            return new RequeueSet(touched, _rollouts.Call());
        }
    }

    /// <summary>The sums of one policy; null: the board was not told of this state of it yet, and will be.</summary>
    public PolicyAggregateSnapshot? Snapshot(ConntrackPolicy policy)
    {
        var name = policy.Metadata!.Name!;
        lock (_lock)
        {
            return _rounds.TryGetValue(name, out var round) && round.Covers(policy.Metadata.Uid, policy.Metadata.Generation)
                ? (_tallies.GetValueOrDefault(name) ?? new PolicyAggregate()).Snapshot(round.Left, _rollouts.Figures(name))
                : null;
        }
    }

    /// <summary>The counts of every policy that the board was told of, by name: what metrics show. Costs by the number of policies.</summary>
    public IReadOnlyList<PolicySummary> Snapshot()
    {
        lock (_lock)
        {
            return
            [
                .. _rounds.Keys.Order(StringComparer.Ordinal).Select(name => new PolicySummary(
                    name, (_tallies.GetValueOrDefault(name) ?? new PolicyAggregate()).Counts, _rollouts.Figures(name))),
            ];
        }
    }

    /// <summary>The policy is gone.</summary>
    public void Forget(string policy)
    {
        lock (_lock)
        {
            _tallies.Remove(policy);
            _rounds.Remove(policy);
            _rollouts.Forget(policy);
        }
    }
}
