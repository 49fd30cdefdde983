using ConntrackOperator.Cli.Host;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Cli.Backup;

/// <summary>The table's entries as lines, and lines as entries.</summary>
internal static class EntryTable
{
    /// <summary>Hands every entry's line on.</summary>
    /// <returns>Entries that have no line.</returns>
    /// <exception cref="Netfilter.Netlink.NetlinkException">The table can't be read.</exception>
    public static long Read(Action<string> take, CancellationToken cancel)
    {
        var left = 0L;
        new FlowReader(FlowSource.Ctnetlink).Read(
            FlowFilter.All,
            (in Flow flow) =>
            {
                if (EntryLine.From(flow) is { } line)
                {
                    take(line);
                }
                else
                {
                    left++;
                }

                return true;
            },
            cancel);
        return left;
    }

    /// <summary>Those of the lines whose entry is not in the table.</summary>
    public static List<string> Missing(IReadOnlyList<string> lines, CancellationToken cancel)
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        Read(line => there.Add(EntryLine.Key(line)), cancel);
        return [.. lines.Where(line => !there.Contains(EntryLine.Key(line)))];
    }

    /// <returns>What went wrong; null when nothing did.</returns>
    public static string? Add(IEnumerable<string> lines) =>
        SystemProgram.TryRun("conntrack", ["-R", "-"], string.Concat(lines.Select(l => l + "\n"))) switch
        {
            null => "conntrack is not installed: entries are put back by conntrack -R (package conntrack, or conntrack-tools)",
            { ExitCode: 0 } => null,
            { } failed => $"conntrack -R refuses: {failed.Error}",
        };
}
