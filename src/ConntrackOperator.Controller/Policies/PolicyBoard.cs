using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Policies;

/// <summary>The tallies of all policies. Thread-safe.</summary>
internal sealed class PolicyBoard
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyTally> _tallies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeContribution> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _pending = new(StringComparer.Ordinal);
    private long _epoch;

    /// <summary>A policy changed: these nodes have to be planned before any policy's status is current.</summary>
    public void MarkPending(IEnumerable<string> nodes)
    {
        lock (_lock)
        {
            _epoch++;
            foreach (var node in nodes)
            {
                _pending[node] = _epoch;
            }
        }
    }

    /// <summary>What to hand to <see cref="Put"/> after planning: a change that comes in meanwhile keeps the node pending.</summary>
    public long BeginPlanning(string node)
    {
        lock (_lock)
        {
            return _pending.GetValueOrDefault(node);
        }
    }

    /// <summary>Takes what a planned node adds; null: no policy selects it, or it is gone.</summary>
    /// <returns>The policies whose status this touches: true for more than usage.</returns>
    public IReadOnlyDictionary<string, bool> Put(string node, NodeContribution? contribution, long epoch)
    {
        lock (_lock)
        {
            var touched = new Dictionary<string, bool>(StringComparer.Ordinal);
            var old = _nodes.GetValueOrDefault(node);
            foreach (var policy in (old?.Shares.Keys ?? []).Union(contribution?.Shares.Keys ?? [], StringComparer.Ordinal))
            {
                if (!_tallies.TryGetValue(policy, out var tally))
                {
                    _tallies.Add(policy, tally = new PolicyTally());
                }

                PolicyShare? share = contribution is not null && contribution.Shares.TryGetValue(policy, out var given) ? given : null;
                touched[policy] = tally.Put(
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

            // The last one planned makes every policy's status current.
            if (_pending.TryGetValue(node, out var pending) && pending == epoch && _pending.Remove(node) && _pending.Count == 0)
            {
                foreach (var policy in _tallies.Keys)
                {
                    touched[policy] = true;
                }
            }

            return touched;
        }
    }

    /// <summary>The sums of one policy.</summary>
    public TallySnapshot Snapshot(string policy)
    {
        lock (_lock)
        {
            return _tallies.TryGetValue(policy, out var tally)
                ? tally.Snapshot(_pending.Count)
                : TallySnapshot.Empty with { Pending = _pending.Count };
        }
    }

    /// <summary>The policy is gone.</summary>
    public void Forget(string policy)
    {
        lock (_lock)
        {
            _tallies.Remove(policy);
        }
    }
}
