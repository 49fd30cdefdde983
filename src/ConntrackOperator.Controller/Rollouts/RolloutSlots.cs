using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>The places of one policy's rollout, and who waits for one. Not thread-safe: the aggregator locks.</summary>
/// <remarks>Every operation costs the logarithm of the number of nodes at most, and a node is called at most once for each place that becomes free.</remarks>
internal sealed class RolloutSlots
{
    private readonly HashSet<string> _changing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _placed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stuck = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _dropping = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _waiting = new(StringComparer.Ordinal);

    // Those of the waiting that have failed with whatever policy.
    private readonly SortedSet<string> _failedWaiting = new(StringComparer.Ordinal);

    // Those with a place that failed here, and wait in whatever line for a change that may mend them.
    private readonly HashSet<string> _stranded = new(StringComparer.Ordinal);

    // Those of the waiting that have a place already.
    private readonly SortedSet<string> _returning = new(StringComparer.Ordinal);

    // Called to take a free place, and not heard of since.
    private readonly HashSet<string> _called = new(StringComparer.Ordinal);
    private RolloutSpec? _rollout;

    /// <summary>Whether every node was planned since the policy changed: before that nobody knows who is being changed.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Nodes that the policy selects.</summary>
    public int Selected { get; set; }

    /// <summary>Whether a node that was changed has begun to drop packets.</summary>
    public bool IsPaused => _rollout is { PauseOnDrops: not false } && _dropping.Count > 0;

    private int Places => _rollout is null ? 0 : RolloutLimit.Places(_rollout, Selected);

    private bool IsOpen => _rollout is not null && IsSettled && !IsPaused;

    private int Free => IsOpen ? Math.Max(0, Places - _changing.Count) : 0;

    private int FreeForFailed => IsOpen ? Math.Max(0, Places - _changing.Count + _stranded.Count) : 0;

    /// <summary>The policy is new or was edited.</summary>
    public void Begin(RolloutSpec? rollout, bool settled)
    {
        _rollout = rollout;
        IsSettled = settled;
    }

    /// <summary>Whether a node may be changed now. One that has a place already needs no other.</summary>
    /// <param name="node">The node; it does not wait.</param>
    /// <param name="hasFailed">
    /// Whether it has failed with whatever policy. Then the places of others that failed here, and wait themselves, do not
    /// count: each could hold the place that the other waits for, and the edit that would mend both would reach neither.
    /// </param>
    public bool MayTake(string node, bool hasFailed) =>
        IsOpen && (_placed.Contains(node) || _changing.Count - (_changing.Contains(node) ? 1 : 0) - (hasFailed ? _stranded.Count : 0) < Places);

    /// <summary>Takes what the objects say now, before the node asks.</summary>
    public void See(string node, NodeRolloutState stand)
    {
        Set(_changing, node, stand.IsChanging);
        Set(_placed, node, stand.HasPlace);
    }

    public void Take(string node)
    {
        _changing.Add(node);
        _placed.Add(node);
    }

    /// <summary>The node waits to be called: for a place, or, when it has one, for the line to be open.</summary>
    public void Wait(string node, bool hasFailed) => (_placed.Contains(node) ? _returning : hasFailed ? _failedWaiting : _waiting).Add(node);

    /// <summary>The node, which failed here, was given nothing of this policy's now and waits.</summary>
    public void Strand(string node) => _stranded.Add(node);

    /// <summary>The node has come, or has no wish any more.</summary>
    public void Leave(string node)
    {
        _waiting.Remove(node);
        _failedWaiting.Remove(node);
        _returning.Remove(node);
        _stranded.Remove(node);
        _called.Remove(node);
    }

    /// <summary>Takes how a planned node stands; null: the policy does not select it.</summary>
    public void Put(string node, NodePolicyStatus? share)
    {
        Set(_changing, node, share is { Rollout.IsChanging: true });
        Set(_placed, node, share is { Rollout.HasPlace: true });
        Set(_stuck, node, share is { Rollout.IsChanging: true, State: NodePolicyState.Failed or NodePolicyState.Drifted });
        Set(_dropping, node, share is { Rollout.BeganToDrop: true });
        if (share is not { Rollout.HasFailed: true })
        {
            _stranded.Remove(node);
        }
    }

    /// <summary>Those whose turn it is, by name: first whoever has a place, then whoever has failed elsewhere, then the rest, as many as there are free places that nobody has been called for yet.</summary>
    public void Call(List<string> called)
    {
        if (IsOpen)
        {
            called.AddRange(_returning);
            _returning.Clear();
        }

        Call(_failedWaiting, FreeForFailed, called);
        Call(_waiting, Free, called);
    }

    public RolloutProgress? Figures => _rollout is null ? null : new()
    {
        AtOnce = Places,
        Changing = _changing.Count,
        Stuck = _stuck.Count,
        IsPaused = IsPaused,
        Dropping = _dropping.Count,
        DroppingNodes = [.. _dropping.Take(RolloutProgress.Named)],
    };

    private void Call(SortedSet<string> waiting, int free, List<string> called)
    {
        for (var left = free - _called.Count; left > 0 && waiting.Min is { } next; left--)
        {
            waiting.Remove(next);
            _called.Add(next);
            called.Add(next);
        }
    }

    private static void Set(ICollection<string> nodes, string node, bool isIn)
    {
        if (!isIn)
        {
            nodes.Remove(node);
        }
        else if (!nodes.Contains(node))
        {
            nodes.Add(node);
        }
    }
}
