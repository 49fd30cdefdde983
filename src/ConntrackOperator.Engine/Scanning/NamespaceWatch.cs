using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>Other namespaces' tables, with rates from the look before. Not thread-safe.</summary>
/// <param name="procPath">/proc.</param>
/// <param name="time">The clock.</param>
public sealed class NamespaceWatch(string procPath, TimeProvider time)
{
    private readonly NamespaceTables _tables = new(procPath);
    private Dictionary<ulong, NamespaceTable> _before = [];
    private long _at;

    /// <summary>
    /// Whether the machine's processes are seen, by which namespaces are found: in a container without the host's PID namespace
    /// they are not, and neither are the tables of pods.
    /// </summary>
    public bool SeesMachine => _tables.SeesMachine;

    /// <summary>Looks.</summary>
    /// <param name="limit">The machine's limit; null: none, or not known.</param>
    /// <returns>The fullest first. Rates are 0 in the first look at a namespace.</returns>
    public IReadOnlyList<NamespaceFacts> Read(long? limit)
    {
        var now = _tables.Read();
        var minutes = _at == 0 ? 0 : time.GetElapsedTime(_at).TotalMinutes;
        var facts = now.Select(table => new NamespaceFacts
        {
            Inode = table.Inode,
            Name = table.Name,
            Pid = table.Pid,
            Process = table.Process,
            Pod = table.Pod,
            Entries = table.Entries,
            Limit = limit is > 0 ? limit : null,
            DropsPerMinute = Rate(table, t => t.LostForWant, minutes),
            EarlyDropsPerMinute = Rate(table, t => t.EarlyDrops, minutes),
        }).ToList();
        (_before, _at) = (now.ToDictionary(table => table.Inode), time.GetTimestamp());
        return facts;
    }

    private double Rate(NamespaceTable now, Func<NamespaceTable, long> count, double minutes) =>
        minutes > 0 && _before.TryGetValue(now.Inode, out var before) ? Math.Max(0, count(now) - count(before)) / minutes : 0;
}
