using System.Diagnostics.CodeAnalysis;

namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>
/// Keys with the moment at which each is due; of two moments for one key the earlier counts. It has no clock: a moment is any
/// number that grows. Not thread-safe.
/// </summary>
internal sealed class DelayHeap<TKey>
    where TKey : notnull
{
    // The heap may hold outdated entries, since nothing can be taken out of its middle; what counts is _due.
    // The number keeps keys that are due at the same moment in the order in which they came.
    private readonly PriorityQueue<TKey, (long At, long Number)> _heap = new();
    private readonly Dictionary<TKey, (long At, long Number)> _due = [];
    private long _number;

    /// <summary>How many keys wait.</summary>
    public int Count => _due.Count;

    /// <summary>How many entries are kept for them.</summary>
    public int Entries => _heap.Count;

    /// <summary>When the first key is due; null: none waits.</summary>
    public long? First
    {
        get
        {
            DropOutdatedFirst();
            return _heap.TryPeek(out _, out var due) ? due.At : null;
        }
    }

    /// <summary>Adds a key, or brings it forward. Without effect if it is due at that moment or earlier already.</summary>
    /// <returns>Whether it is the first now, so that a timer has to be set to its moment.</returns>
    public bool Add(TKey key, long at)
    {
        if (_due.TryGetValue(key, out var earlier) && earlier.At <= at)
        {
            return false;
        }

        var due = (at, _number++);
        _due[key] = due;
        _heap.Enqueue(key, due);
        DropOutdated();
        return _heap.TryPeek(out _, out var first) && first == due;
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(TKey key) => _due.Remove(key);

    /// <summary>Takes the first key that is due.</summary>
    public bool TryTake(long now, [MaybeNullWhen(false)] out TKey key)
    {
        DropOutdatedFirst();
        if (!_heap.TryPeek(out key, out var due) || due.At > now)
        {
            key = default;
            return false;
        }

        _heap.Dequeue();
        _due.Remove(key);
        return true;
    }

    private void DropOutdatedFirst()
    {
        while (_heap.TryPeek(out var key, out var due) && !(_due.TryGetValue(key, out var current) && current == due))
        {
            _heap.Dequeue();
        }
    }

    /// <summary>Keeps the heap from growing with entries that no longer count.</summary>
    private void DropOutdated()
    {
        if (_heap.Count <= (2 * _due.Count) + 16)
        {
            return;
        }

        _heap.Clear();
        foreach (var (key, due) in _due)
        {
            _heap.Enqueue(key, due);
        }
    }
}
