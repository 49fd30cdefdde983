using System.Globalization;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>What the kernel itself says of a namespace's table, without the program that is tested.</summary>
internal sealed record KernelTruth(long Entries, IReadOnlyDictionary<string, long> States, IReadOnlyDictionary<string, long> Counters)
{
    internal static long Count(string name) =>
        long.Parse(
            Topology.Inside(name, "cat", "/proc/sys/net/netfilter/nf_conntrack_count"), NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture);

    internal static KernelTruth Of(string name)
    {
        var states = new Dictionary<string, long>();
        foreach (var line in Topology.Inside(name, "cat", "/proc/net/nf_conntrack").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // ipv4 2 tcp 6 431974 ESTABLISHED src=…; protocols without states go on with src=.
            var words = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            var state = words[5].Contains('=', StringComparison.Ordinal)
                ? line.Contains("[UNREPLIED]", StringComparison.Ordinal) ? "UNREPLIED" : "REPLIED" : words[5];
            var key = $"{words[2]} {state}";
            states[key] = states.GetValueOrDefault(key) + 1;
        }

        // A row for each CPU, hexadecimal; "entries" is the same on every row.
        var rows = Topology.Inside(name, "cat", "/proc/net/stat/nf_conntrack").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        var counters = rows[0].Select(
            (column, i) => (column, sum: rows[1..].Sum(row => long.Parse(row[i], NumberStyles.HexNumber, CultureInfo.InvariantCulture))))
            .ToDictionary(c => c.column, c => c.sum);
        return new(Count(name), states, counters);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Entries} entries ({string.Join(", ", States.OrderByDescending(s => s.Value).Take(4).Select(s => $"{s.Key} {s.Value}"))}); "
            + $"drop {Counted("drop")}, early_drop {Counted("early_drop")}, insert_failed {Counted("insert_failed")}, invalid "
            + $"{Counted("invalid")}");

    private long Counted(string counter) => Counters.GetValueOrDefault(counter);
}
