using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Policies;

/// <summary>The tallies of all policies, and how far the planning of each is. Thread-safe.</summary>
internal sealed class PolicyBoard
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyTally> _tallies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeContribution> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PlanningRound> _rounds = new(StringComparer.Ordinal);
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
                _rounds[name] = new PlanningRound(uid, generation, ++_epoch, nodes);
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

    /// <summary>Takes what a planned node adds; null: no policy selects it, or it is gone.</summary>
    /// <returns>The policies whose status this touches.</returns>
    public IReadOnlyCollection<string> Put(string node, NodeContribution? contribution, long epoch)
    {
        lock (_lock)
        {
            var touched = new HashSet<string>(StringComparer.Ordinal);
            var old = _nodes.GetValueOrDefault(node);
            touched.UnionWith(old?.Shares.Keys ?? []);
            touched.UnionWith(contribution?.Shares.Keys ?? []);
            foreach (var policy in touched)
            {
                if (!_tallies.TryGetValue(policy, out var tally))
                {
                    _tallies.Add(policy, tally = new PolicyTally());
                }

                PolicyShare? share = contribution is not null && contribution.Shares.TryGetValue(policy, out var given) ? given : null;
                tally.Put(
                    node, share, contribution?.Usage ?? default,
                    contribution is null ? [] : [.. contribution.Conflicts.Where(c => c.Winner == policy || c.Loser == policy)]);
            }

            if (contribution is null)
            {
                _nodes.Remove(node);
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
                }
            }

            return touched;
        }
    }

    /// <summary>The sums of one policy; null: the board was not told of this state of it yet, and will be.</summary>
    public TallySnapshot? Snapshot(ConntrackPolicy policy)
    {
        var name = policy.Metadata!.Name!;
        lock (_lock)
        {
            return _rounds.TryGetValue(name, out var round) && round.Covers(policy.Metadata.Uid, policy.Metadata.Generation)
                ? (_tallies.GetValueOrDefault(name) ?? new PolicyTally()).Snapshot(round.Left)
                : null;
        }
    }

    /// <summary>How many nodes of each policy are in each state; a copy, made in a time that grows with the number of policies alone.</summary>
    public List<(string Policy, PolicyNodeCounts Nodes)> Counts()
    {
        lock (_lock)
        {
            return [.. _rounds.Keys.Select(policy => (policy, (_tallies.GetValueOrDefault(policy) ?? new PolicyTally()).Counts()))];
        }
    }

    /// <summary>The policy is gone.</summary>
    public void Forget(string policy)
    {
        lock (_lock)
        {
            _tallies.Remove(policy);
            _rounds.Remove(policy);
        }
    }
}
