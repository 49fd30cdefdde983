using ConntrackOperator.Planning.Precedence;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The conflicts of one policy over its nodes, kept by difference: listing them costs the same for any number of nodes. Not
/// thread-safe.</summary>
internal sealed class ConflictCounts
{
    /// <summary>How many conflicts are listed, and how many nodes of each.</summary>
    public const int Listed = 3;

    private readonly Dictionary<string, IReadOnlyList<PlanConflict>> _byNode = new(StringComparer.Ordinal);
    private readonly SortedDictionary<PlanConflict, SortedSet<string>> _nodes = new(Comparer<PlanConflict>.Create(Compare));

    /// <summary>How many conflicts there are, however many nodes each is on.</summary>
    public int Count => _nodes.Count;

    /// <summary>The first of them by field.</summary>
    public IReadOnlyList<ConflictSummary> First =>
    [
        .. _nodes.Take(Listed).Select(c => new ConflictSummary(
            c.Key.Field, c.Key.Winner, c.Key.WinnerValue, c.Key.Loser, c.Key.LoserValue, c.Value.Count, [.. c.Value.Take(Listed)])),
    ];

    /// <summary>Takes over what a node's plan says now.</summary>
    public void Update(string node, IReadOnlyList<PlanConflict> conflicts)
    {
        if (_byNode.Remove(node, out var before))
        {
            foreach (var conflict in before)
            {
                if (_nodes.TryGetValue(conflict, out var nodes) && nodes.Remove(node) && nodes.Count == 0)
                {
                    _nodes.Remove(conflict);
                }
            }
        }

        if (conflicts.Count == 0)
        {
            return;
        }

        _byNode[node] = conflicts;
        foreach (var conflict in conflicts)
        {
            if (!_nodes.TryGetValue(conflict, out var nodes))
            {
                _nodes.Add(conflict, nodes = new SortedSet<string>(StringComparer.Ordinal));
            }

            nodes.Add(node);
        }
    }

    /// <summary>By all but the node.</summary>
    private static int Compare(PlanConflict a, PlanConflict b) =>
        Order(a.Field, b.Field) ?? Order(a.Winner, b.Winner) ?? Order(a.Loser, b.Loser)
        ?? Order(a.WinnerValue, b.WinnerValue) ?? Order(a.LoserValue, b.LoserValue) ?? 0;

    private static int? Order(string a, string b) => string.CompareOrdinal(a, b) is not 0 and var order ? order : null;
}
