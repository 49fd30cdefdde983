using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>About how many entries have their source in which namespace, from the sources that nodes report. Pure.</summary>
internal static class NamespaceEntries
{
    /// <summary>How many namespaces are told apart.</summary>
    public const int Most = 20;

    /// <summary>
    /// Where all other entries are: of other namespaces, of nobody known, of sources that no node reports. No namespace can have that name.
    /// </summary>
    public const string Rest = "(other)";

    /// <summary>A node's entries, as many as a table can hold at most: they are a node's word.</summary>
    public static long EntriesOf(NodeStatus status) => Math.Clamp(status.Table?.Entries ?? 0, 0, uint.MaxValue);

    /// <summary>The entries of each address that nodes report among their sources, the most first.</summary>
    public static List<(string Address, long Entries)> ByAddress(IEnumerable<NodeStatus> nodes)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var status in nodes)
        {
            // A node can't have more than all of its entries, whatever it says.
            var left = 100;
            foreach (var source in status.Top?.Sources ?? [])
            {
                if (source is { Address.Length: > 0, Percent: > 0 } && Math.Min(source.Percent.Value, left) is > 0 and var percent)
                {
                    left -= percent;
                    sums[source.Address] = sums.GetValueOrDefault(source.Address) + (EntriesOf(status) * percent / 100);
                }
            }
        }

        return [.. sums.Select(s => (s.Key, s.Value)).OrderByDescending(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal)];
    }

    /// <summary>The namespaces with the most, and the rest.</summary>
    /// <param name="addresses">What <see cref="ByAddress"/> says.</param>
    /// <param name="total">Entries of all nodes.</param>
    /// <param name="namespaceOf">The namespace of an address's pod; null: none is known.</param>
    public static List<(string Namespace, long Entries)> Of(
        IReadOnlyList<(string Address, long Entries)> addresses, long total, Func<string, string?> namespaceOf)
    {
        List<(string Namespace, long Entries)> named =
        [
            .. addresses.Select(a => (Namespace: namespaceOf(a.Address), a.Entries))
                .Where(a => a.Namespace is not null)
                .GroupBy(a => a.Namespace!, StringComparer.Ordinal)
                .Select(g => (Namespace: g.Key, Entries: g.Sum(a => a.Entries)))
                .OrderByDescending(n => n.Entries).ThenBy(n => n.Namespace, StringComparer.Ordinal)
                .Take(Most),
        ];
        return [.. named, (Rest, Math.Max(0, total - named.Sum(n => n.Entries)))];
    }
}
