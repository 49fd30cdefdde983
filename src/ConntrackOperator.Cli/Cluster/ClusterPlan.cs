using ConntrackOperator.Cli.Files;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The command <c>plan</c>.</summary>
internal static class ClusterPlan
{
    public static async Task<int> RunAsync(
        Func<ClusterReader> connect, IReadOnlyList<string> files, OutputFormat format, CancellationToken cancel)
    {
        var policies = PolicyFile.ReadAll(files);
        var cluster = connect();
        var existing = await cluster.PoliciesAsync(cancel);
        var nodes = await cluster.NodesAsync(cancel);
        var reported = await cluster.ConntrackNodesAsync(cancel);
        var report = PlanDifference.Compare(existing, policies, nodes, reported);
        var exit = report.Nodes.Exists(n => n.Refused is not null || n.Changes.Exists(c => c.Refusal is not null))
            ? ExitCode.NotApplied : ExitCode.InSync;
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(report, PlanJson.Default.PlanReport, format);
            return exit;
        }

        foreach (var alike in report.Nodes.GroupBy(Fingerprint))
        {
            Print([.. alike]);
        }

        foreach (var conflict in report.Conflicts)
        {
            Console.Out.WriteLine("conflict: " + conflict);
        }

        var changed = report.Nodes.Count(n => n.Changes.Count > 0);
        Console.Out.WriteLine($"{changed} of {report.TotalNodes} nodes would change; nothing was applied");
        return exit;
    }

    /// <summary>Nodes with the same changes are told once.</summary>
    private static void Print(List<PlannedNode> nodes)
    {
        var first = nodes[0];
        Console.Out.WriteLine(nodes.Count == 1
            ? first.Name
            : $"{nodes.Count} nodes: {string.Join(", ", nodes.Take(5).Select(n => n.Name))}{(nodes.Count > 5 ? ", …" : string.Empty)}");
        if (first.Changes.Count > 0)
        {
            var table = new TextTable("SETTING", ">NOW", ">PLANNED", "ACTION", "POLICY", "RULE");
            foreach (var c in first.Changes)
            {
                table.Add(
                    c.Setting, SysctlWords.Of(c.Setting, c.Current, "?"),
                    SysctlWords.Of(c.Setting, c.Planned, c.Action == "Keep" ? "(kept)" : "(original)"), c.Action, c.Policy ?? "-",
                    c.Rule ?? "-");
            }

            table.Print();
        }

        foreach (var change in first.Changes.Where(c => c.Refusal is not null))
        {
            Console.Out.WriteLine($"{change.Setting} will be refused by the kernel: {change.Refusal}");
        }

        foreach (var refused in first.Refused ?? [])
        {
            Console.Out.WriteLine($"refused: {refused.Name} of policy {refused.Policy} ({refused.Reason}): {refused.Message}");
        }

        if (first.MemoryBytesAfter is { } after)
        {
            var before = first.MemoryBytesBefore is { } bytes ? ByteSize.Format(bytes) : "?";
            Console.Out.WriteLine($"memory when the table is full: {before} now, {ByteSize.Format(after)} then");
        }

        Console.Out.WriteLine();
    }

    private static string Fingerprint(PlannedNode node) => string.Join(
        '\n',
        node.Changes.Select(c => c.ToString()).Concat((node.Refused ?? []).Select(r => r.ToString()))
            .Append($"{node.MemoryBytesBefore} {node.MemoryBytesAfter}"));
}
