using ConntrackOperator.Netfilter.Counters;
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
    /// <returns>The fullest first. There are no rates in the first look at a namespace.</returns>
    public IReadOnlyList<NamespaceFacts> Read(long? limit)
    {
        var now = _tables.Read();
        var minutes = _at == 0 ? 0 : time.GetElapsedTime(_at).TotalMinutes;
        var facts = now.Select(table => Facts(table, _before.GetValueOrDefault(table.Inode), limit, minutes)).ToList();
        (_before, _at) = (now.ToDictionary(table => table.Inode), time.GetTimestamp());
        return facts;
    }

    private static NamespaceFacts Facts(NamespaceTable now, NamespaceTable? before, long? limit, double minutes)
    {
        (double Drops, double Evicted)? rates = null;
        if (before is not null && minutes > 0)
        {
            var evicted = Math.Max(0, now.EarlyDrops - before.EarlyDrops);

            // As with this namespace's own table: one with room at both looks, and no eviction in between, lost nothing for want of room.
            var drops = evicted > 0 || MayBeFull(now) || MayBeFull(before) ? Math.Max(0, now.Drops - before.Drops) : 0;
            rates = (drops / minutes, evicted / minutes);
        }

        return new NamespaceFacts
        {
            Inode = now.Inode,
            Name = now.Name,
            Pid = now.Pid,
            Process = now.Process,
            Pod = now.Pod,
            Entries = now.Entries,
            Limit = limit is > 0 ? limit : null,
            DropsPerMinute = rates?.Drops,
            EarlyDropsPerMinute = rates?.Evicted,
        };

        bool MayBeFull(NamespaceTable table) => new TableFill(table.Entries, limit).MayBeFull;
    }
}
