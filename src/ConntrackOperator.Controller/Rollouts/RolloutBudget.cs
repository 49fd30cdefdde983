using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>The rollouts of all policies together: gives a change its places all at once or none, so that of nodes that are in order no two wait for each other, and does not let failed ones, which keep their places, wait for each other either. Not thread-safe: <see cref="PolicyStatusAggregator"/> locks.</summary>
internal sealed class RolloutBudget
{
    private readonly Dictionary<string, RolloutSlots> _lines = new(StringComparer.Ordinal);

    // The lines in which a node stands, or took a place that no report of its has confirmed yet.
    private readonly Dictionary<string, HashSet<string>> _asked = new(StringComparer.Ordinal);

    public RolloutProgress? Figures(string policy) => _lines.GetValueOrDefault(policy)?.Figures;

    public void Begin(string policy, RolloutSpec? rollout, bool settled) => Line(policy).Begin(rollout, settled);

    public void Forget(string policy) => _lines.Remove(policy);

    /// <summary>Gives a node the places that its changes need, as far as there are any.</summary>
    /// <param name="node">The node.</param>
    /// <param name="changes">All that may have to wait.</param>
    /// <param name="stands">How the node stands now, by policy.</param>
    /// <param name="isKnown">Whether the node was planned from the very state of a policy that its line is about.</param>
    /// <returns>What has to wait.</returns>
    public List<RolloutChange> Ask(
        string node, IReadOnlyList<RolloutChange> changes, IReadOnlyCollection<(string Policy, NodeRolloutState Stand)> stands, Func<string, bool> isKnown)
    {
        if (_asked.Remove(node, out var before))
        {
            foreach (var policy in before)
            {
                _lines.GetValueOrDefault(policy)?.Leave(node);
            }
        }

        foreach (var (policy, stand) in stands)
        {
            Line(policy).See(node, stand);
            Note(node, policy);
        }

        var failed = stands.Where(s => s.Stand.HasFailed).Select(s => s.Policy).ToHashSet(StringComparer.Ordinal);
        var hasFailed = failed.Count > 0;
        var waits = false;
        var held = new List<RolloutChange>();
        foreach (var change in changes)
        {
            if (!change.Policies.All(isKnown))
            {
                // The word of the policy's change is under way, and brings every node here again.
                held.Add(change);
                continue;
            }

            if (change.Policies.FirstOrDefault(p => !Line(p).MayTake(node, hasFailed)) is { } full)
            {
                // In one line only, or a place there could go by unused while another policy's is not to be had.
                Line(full).Wait(node, hasFailed);
                waits = true;
                held.Add(change);
                continue;
            }

            foreach (var policy in change.Policies)
            {
                Line(policy).Take(node);
                failed.Remove(policy);
            }
        }

        foreach (var policy in waits ? failed : [])
        {
            Line(policy).Strand(node);
        }

        return held;
    }

    /// <summary>The policies whose lines the node has to do with.</summary>
    public IReadOnlyCollection<string> Of(string node) => _asked.TryGetValue(node, out var policies) ? policies : [];

    /// <summary>Takes how a planned node stands towards a policy.</summary>
    public void Put(string policy, string node, NodePolicyStatus? share, int selected)
    {
        if (_lines.TryGetValue(policy, out var line))
        {
            line.Selected = selected;
            line.Put(node, share);
            if (share is null)
            {
                line.Leave(node);
            }
        }
    }

    /// <summary>The node is gone, or nothing selects it.</summary>
    public void Drop(string node) => _asked.Remove(node);

    /// <summary>Every node was planned since the policy changed.</summary>
    public void Settle(string policy) => Line(policy).IsSettled = true;

    /// <summary>The nodes whose turn it is now.</summary>
    public List<string> Call()
    {
        var called = new List<string>();
        foreach (var line in _lines.Values)
        {
            line.Call(called);
        }

        return called;
    }

    private void Note(string node, string policy)
    {
        if (!_asked.TryGetValue(node, out var policies))
        {
            _asked.Add(node, policies = new HashSet<string>(StringComparer.Ordinal));
        }

        policies.Add(policy);
    }

    private RolloutSlots Line(string policy)
    {
        if (!_lines.TryGetValue(policy, out var line))
        {
            _lines.Add(policy, line = new RolloutSlots());
        }

        return line;
    }
}
