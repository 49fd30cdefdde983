namespace ConntrackOperator.TestKit.Faults;

/// <summary>What is to go wrong, in the order in which it was said. A request meets one fault at most.</summary>
public sealed class FaultList
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];

    /// <summary>How many times a fault still has to happen.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _entries.Sum(entry => entry.Left);
            }
        }
    }

    /// <summary>Adds a fault for the next requests that match.</summary>
    /// <param name="match">Which requests.</param>
    /// <param name="times">How many of them; <see cref="int.MaxValue"/> until cleared.</param>
    /// <param name="action">What goes wrong.</param>
    public void Add(Func<RequestRecord, bool> match, int times, FaultAction action)
    {
        lock (_lock)
        {
            _entries.Add(new(match, action) { Left = times });
        }
    }

    /// <summary>Adds a fault for the next requests with a verb, of a kind if one is given.</summary>
    public void Add(string verb, string? plural, int times, FaultAction action) =>
        Add(request => request.Verb == verb && (plural is null || request.Plural == plural), times, action);

    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
        }
    }

    internal FaultAction? Take(RequestRecord request)
    {
        lock (_lock)
        {
            var entry = _entries.Find(candidate => candidate.Match(request));
            if (entry is null)
            {
                return null;
            }

            if (entry.Left != int.MaxValue && --entry.Left == 0)
            {
                _entries.Remove(entry);
            }

            return entry.Action;
        }
    }

    private sealed record Entry(Func<RequestRecord, bool> Match, FaultAction Action)
    {
        public int Left { get; set; }
    }
}
