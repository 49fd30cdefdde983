using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The command <c>advise</c>: what the agents say should be changed, a line a node, or all that is said of one.</summary>
internal static class ClusterAdvise
{
    public static async Task<int> RunAsync(
        ClusterReader cluster, string? name, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        var nodes = await cluster.ConntrackNodesAsync(cancel);
        var chosen = name is null ? nodes : nodes.FindAll(n => n.Metadata?.Name == name);
        if (chosen.Count == 0 && name is not null)
        {
            chosen = nodes.FindAll(n => IsSelectedBy(n, name));
            if (chosen.Count == 0 && !(await cluster.PoliciesAsync(cancel)).Exists(p => p.Metadata?.Name == name))
            {
                throw new CliException(ExitCode.BadInput, $"there is no ConntrackNode and no ConntrackPolicy \"{name}\"");
            }
        }

        // One node is told in full, as on the node itself.
        var isNode = chosen.Count == 1 && chosen[0].Metadata?.Name == name;
        if (isNode && format == OutputFormat.Table && chosen[0].Status is { Findings.Count: > 0 } or { Advice: null })
        {
            var book = await AddressBook.ReadAsync(cluster, time, cancel);
            await book.LearnAsync(chosen, cancel);
            Console.Out.Write(AdviceOutputText.Render(NodeAdviceOutput.Of(chosen[0], book.Find)));
            return ExitCode.InSync;
        }

        var names = format == OutputFormat.Table ? null : await AddressBook.ReadAsync(cluster, time, cancel);
        if (names is not null)
        {
            await names.LearnAsync(chosen, cancel);
        }

        var report = new NodeAdviceLines
        {
            Nodes = names is null
                ? null
                : [.. chosen.Where(n => isNode || n.Status?.Findings is { Count: > 0 }).Select(n => NodeAdviceOutput.Of(n, names.Find))],
            Advice =
            [
                .. chosen.Where(n => n.Status?.Advice is not null)
                    .OrderByDescending(n => n.Status?.Rates?.TableFullDropsPerMinute ?? 0)
                    .ThenByDescending(n => n.Status?.Table?.Percent ?? -1)
                    .ThenBy(n => n.Metadata?.Name, StringComparer.Ordinal)
                    .Select(n => new TopAdvice { Node = n.Metadata?.Name, Text = n.Status!.Advice! }),
            ],
            NotReported = chosen.Where(n => !ClusterStatus.HasReported(n)).Select(n => n.Metadata?.Name ?? "-")
                .Order(StringComparer.Ordinal).ToList() is { Count: > 0 } silent ? silent : null,
        };
        report.Print(format, Nothing(chosen.Count, report.NotReported?.Count ?? 0));
        return ExitCode.InSync;
    }

    /// <summary>What is said when there is no advice; nothing where nothing is known.</summary>
    /// <param name="nodes">How many were asked for.</param>
    /// <param name="silent">Those of them whose agents have not reported.</param>
    internal static string Nothing(int nodes, int silent) => (nodes, nodes - silent) switch
    {
        (0, _) => "no node is looked after: no ConntrackPolicy selects one",
        (_, 0) => string.Empty,
        (1, _) => "nothing to change on this node",
        (_, 1) => "nothing to change on the other node",
        var (_, known) when silent > 0 => $"nothing to change on the other {known} nodes",
        _ => $"nothing to change on any of {nodes} nodes",
    };

    private static bool IsSelectedBy(ConntrackNode node, string policy) =>
        node.Spec?.Settings?.Any(s => s.Policy == policy) == true || node.Spec?.Refused?.Any(r => r.Policy == policy) == true;
}
