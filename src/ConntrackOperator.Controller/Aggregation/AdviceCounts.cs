namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The advice of one policy's nodes, kept by difference. Not thread-safe.</summary>
internal sealed class AdviceCounts
{
    private readonly Dictionary<(int Severity, string Reason), SortedDictionary<string, string>> _texts = [];

    /// <summary>Takes a node's advice in.</summary>
    public void Add(string node, ReportedAdvice advice)
    {
        if (!_texts.TryGetValue((advice.Severity, advice.Reason), out var nodes))
        {
            _texts.Add((advice.Severity, advice.Reason), nodes = new SortedDictionary<string, string>(StringComparer.Ordinal));
        }

        nodes[node] = advice.Text;
    }

    /// <summary>Takes it out again.</summary>
    public void Remove(string node, ReportedAdvice advice)
    {
        if (_texts.TryGetValue((advice.Severity, advice.Reason), out var nodes) && nodes.Remove(node) && nodes.Count == 0)
        {
            _texts.Remove((advice.Severity, advice.Reason));
        }
    }

    /// <summary>
    /// The most severe advice, of several that which most nodes have, with the words of the first of them; and if another is more frequent,
    /// that as well. Null: there is none.
    /// </summary>
    /// <param name="selected">Nodes that the policy selects.</param>
    public string? Summary(int selected)
    {
        if (_texts.Count == 0)
        {
            return null;
        }

        var severest = _texts.OrderByDescending(t => t.Key.Severity).ThenByDescending(t => t.Value.Count)
            .ThenBy(t => t.Key.Reason, StringComparer.Ordinal).First();
        var mostFrequent = _texts.OrderByDescending(t => t.Value.Count).ThenByDescending(t => t.Key.Severity)
            .ThenBy(t => t.Key.Reason, StringComparer.Ordinal).First();
        var text = Sentence(severest.Value, selected);
        return severest.Key == mostFrequent.Key ? text : $"{text}; most frequent: {Sentence(mostFrequent.Value, selected)}";
    }

    private static string Sentence(SortedDictionary<string, string> nodes, int selected)
    {
        var (node, text) = nodes.First();
        return nodes.Count == 1
            ? $"{node} (1 of {selected} nodes): {text}"
            : $"{nodes.Count} of {selected} nodes, such as {node}: {text}";
    }
}
