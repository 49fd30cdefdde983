using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>
/// The slots of one policy's rollout: here <c>rollout.maxUnavailable</c> and <c>rollout.pauseOnDrops</c> are enforced. A node takes a
/// slot before it is changed and gives it back when its agent reports that the change is in force. Not thread-safe: the aggregator locks.
/// </summary>
/// <remarks>
/// <para>Guaranteed: no slot is given while as many nodes as allowed are being changed, while the rollout is paused, or before every
/// node was planned again after an edit. A node is requeued at most once for each slot that becomes free.</para>
/// <para>Assumed: <see cref="Observe"/> is told how the node is before it asks, and <see cref="Update"/> after it was planned.</para>
/// <para>Not promised: nodes that became unavailable for another reason do not count; and nodes whose settings failed do not wait
/// for each other, so more than the limit may be failed at a time.</para>
/// <para>Every operation costs the logarithm of the number of nodes at most.</para>
/// </remarks>
internal sealed class RolloutBudget
{
    private readonly HashSet<string> _changing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _holders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stuck = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _dropping = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _waiting = new(StringComparer.Ordinal);

    // Waiting nodes on which a setting of any policy has failed.
    private readonly SortedSet<string> _failedWaiting = new(StringComparer.Ordinal);

    // Nodes that hold a slot here because a setting failed, and that wait, here or at another policy, for the change that may mend it.
    private readonly HashSet<string> _waitingHolders = new(StringComparer.Ordinal);

    // Waiting nodes that hold a slot here already: they wait for the rollout to go on.
    private readonly SortedSet<string> _resuming = new(StringComparer.Ordinal);

    // Requeued to take a free slot, and not planned since.
    private readonly HashSet<string> _requeued = new(StringComparer.Ordinal);
    private RolloutSpec? _rollout;

    /// <summary>Whether every node was planned since the policy changed. Before that nobody knows which are being changed.</summary>
    public bool IsReplanned { get; set; }

    /// <summary>Nodes that the policy selects.</summary>
    public int Selected { get; set; }

    /// <summary>Whether a node that was changed has begun to drop packets, and the policy asks for a pause then.</summary>
    public bool IsPaused => _rollout is { PauseOnDrops: not false } && _dropping.Count > 0;

    /// <summary>How far the rollout is; null: the policy has none.</summary>
    public RolloutProgress? Progress => _rollout is null ? null : new()
    {
        AtOnce = MaxUnavailable,
        Changing = _changing.Count,
        Stuck = _stuck.Count,
        IsPaused = IsPaused,
        Dropping = _dropping.Count,
        DroppingNodes = [.. _dropping.Take(RolloutProgress.Named)],
    };

    private int MaxUnavailable => _rollout is null ? 0 : _rollout.NodesAtOnce(Selected);

    private bool IsOpen => _rollout is not null && IsReplanned && !IsPaused;

    private int Free => IsOpen ? Math.Max(0, MaxUnavailable - _changing.Count) : 0;

    private int FreeForFailed => IsOpen ? Math.Max(0, MaxUnavailable - _changing.Count + _waitingHolders.Count) : 0;

    /// <summary>The policy is new or was edited.</summary>
    public void BeginReplan(RolloutSpec? rollout, bool isReplanned)
    {
        _rollout = rollout;
        IsReplanned = isReplanned;
    }

    /// <summary>Whether a node may be changed now. One that holds a slot needs no second one.</summary>
    /// <param name="node">The node; it is not waiting.</param>
    /// <param name="hasFailed">
    /// Whether a setting of any policy has failed on it. If so, slots held by other failed nodes that wait themselves do not count: each
    /// of the two could hold the slot that the other waits for, and the edit that would mend both would reach neither.
    /// </param>
    public bool MayTake(string node, bool hasFailed)
    {
        var others = _changing.Count - (_changing.Contains(node) ? 1 : 0) - (hasFailed ? _waitingHolders.Count : 0);
        return IsOpen && (_holders.Contains(node) || others < MaxUnavailable);
    }

    /// <summary>Takes over what the objects say about the node, before it asks for slots.</summary>
    public void Observe(string node, NodeRolloutState state)
    {
        Set(_changing, node, state.IsChanging);
        Set(_holders, node, state.HoldsSlot);
    }

    /// <summary>The node takes a slot.</summary>
    public void Take(string node)
    {
        _changing.Add(node);
        _holders.Add(node);
    }

    /// <summary>The node waits: for a slot, or, when it holds one, for the rollout to go on.</summary>
    public void Wait(string node, bool hasFailed) =>
        (_holders.Contains(node) ? _resuming : hasFailed ? _failedWaiting : _waiting).Add(node);

    /// <summary>The node, on which a setting of this policy failed, was given no change of this policy now, and waits.</summary>
    public void WaitWithSlot(string node) => _waitingHolders.Add(node);

    /// <summary>The node was planned, or has nothing to wait for any more.</summary>
    public void StopWaiting(string node)
    {
        _waiting.Remove(node);
        _failedWaiting.Remove(node);
        _resuming.Remove(node);
        _waitingHolders.Remove(node);
        _requeued.Remove(node);
    }

    /// <summary>Takes over how a planned node is.</summary>
    /// <param name="node">The node.</param>
    /// <param name="state">Its state in the rollout; null: the policy does not select it.</param>
    /// <param name="hasTrouble">Whether a setting of the policy failed there, or something else keeps overwriting it.</param>
    public void Update(string node, NodeRolloutState? state, bool hasTrouble)
    {
        Set(_changing, node, state is { IsChanging: true });
        Set(_holders, node, state is { HoldsSlot: true });
        Set(_stuck, node, state is { IsChanging: true } && hasTrouble);
        Set(_dropping, node, state is { BeganToDrop: true });
        if (state is not { HasFailed: true })
        {
            _waitingHolders.Remove(node);
        }
    }

    /// <summary>
    /// Takes out the nodes that can go on now, by name: first those that hold a slot, then those with a failed setting, then the others;
    /// as many as there are free slots for which no node has been requeued yet.
    /// </summary>
    /// <param name="requeue">Where they are added.</param>
    public void TakeReady(List<string> requeue)
    {
        if (IsOpen)
        {
            requeue.AddRange(_resuming);
            _resuming.Clear();
        }

        TakeReady(_failedWaiting, FreeForFailed, requeue);
        TakeReady(_waiting, Free, requeue);
    }

    private void TakeReady(SortedSet<string> waiting, int free, List<string> requeue)
    {
        for (var left = free - _requeued.Count; left > 0 && waiting.Min is { } next; left--)
        {
            waiting.Remove(next);
            _requeued.Add(next);
            requeue.Add(next);
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
