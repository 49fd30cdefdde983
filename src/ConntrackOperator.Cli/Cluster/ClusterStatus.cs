using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The command <c>status</c>.</summary>
internal static class ClusterStatus
{
    private const int MostNodes = 20;

    public static async Task<int> RunAsync(ClusterReader cluster, string? policy, OutputFormat format, CancellationToken cancel)
    {
        var policies = await cluster.PoliciesAsync(cancel);
        var nodes = await cluster.ConntrackNodesAsync(cancel);
        if (policy is not null)
        {
            var one = policies.FirstOrDefault(p => p.Metadata?.Name == policy) ?? throw new CliException(
                ExitCode.BadInput,
                $"there is no ConntrackPolicy \"{policy}\"; there "
                    + $"{(policies.Count == 0 ? "is none" : "are " + string.Join(", ", policies.Select(p => p.Metadata?.Name)))}");
            return PolicyStatusReport.Print(one, nodes, format);
        }

        var exit = policies.TrueForAll(IsInSync) ? ExitCode.InSync : ExitCode.NotApplied;
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(List(policies, nodes), format);
            return exit;
        }

        if (policies.Count == 0)
        {
            Console.Out.WriteLine("no ConntrackPolicy: nothing is set on any node; `kubectl apply -f` one to begin");
            return exit;
        }

        Policies(policies).Print();
        if (nodes.Count > 0)
        {
            Console.Out.WriteLine();
            Nodes(nodes);
        }

        return exit;
    }

    /// <summary>The kernel of every selected node holds what the policy asks.</summary>
    internal static bool IsInSync(ConntrackPolicy policy) =>
        policy.Status is { Nodes: { } nodes } status && status.ObservedGeneration == policy.Metadata?.Generation
            && (nodes.Ready ?? 0) >= (nodes.Selected ?? 0);

    internal static string Reason(List<Condition>? conditions, string type) => Api.Meta.Condition.Find(conditions, type)?.Reason ?? "-";

    /// <summary>Whether the node's agent has said how it stands.</summary>
    internal static bool HasReported(ConntrackNode node) => Condition(node, ConditionTypes.Applied) is not null;

    internal static string Number(long? number) => number?.ToString() ?? "-";

    internal static string Limit(TableStatus? table) => table?.NoLimit == true ? "none" : Number(table?.Limit);

    /// <summary>Short, as kubectl prints ages.</summary>
    internal static string Age(DateTimeOffset? since, TimeProvider time)
    {
        if (since is not { } start)
        {
            return "-";
        }

        var age = time.GetUtcNow() - start;
        return age.TotalSeconds < 120 ? $"{Math.Max(0, (long)age.TotalSeconds)}s"
            : age.TotalMinutes < 120 ? $"{(long)age.TotalMinutes}m"
            : age.TotalHours < 48 ? $"{(long)age.TotalHours}h"
            : $"{(long)age.TotalDays}d";
    }

    private static TextTable Policies(List<ConntrackPolicy> policies)
    {
        var table = new TextTable("NAME", ">NODES", ">READY", ">FAILED", "HOTTEST", ">DROPS/MIN", ">RACES/MIN", "STATUS", "AGE");
        foreach (var p in policies.OrderBy(p => p.Metadata?.Name, StringComparer.Ordinal))
        {
            table.Add(
                p.Metadata?.Name ?? "-",
                Number(p.Status?.Nodes?.Selected),
                Number(p.Status?.Nodes?.Ready),
                Number(p.Status?.Nodes?.Failed),
                p.Status?.Hottest ?? "-",
                Number(p.Status?.Usage?.TableFullDropsPerMinute),
                Number(p.Status?.Usage?.RacesLostPerMinute),
                Reason(p.Status?.Conditions, PolicyConditionTypes.Ready),
                Age(p.Metadata?.CreationTimestamp, TimeProvider.System));
        }

        return table;
    }

    /// <summary>Those that are not in sync first, then the fullest.</summary>
    private static void Nodes(List<ConntrackNode> nodes)
    {
        var shown = nodes
            .OrderBy(n => Condition(n, ConditionTypes.Applied)?.Status == "True")
            .ThenByDescending(n => n.Status?.Rates?.TableFullDropsPerMinute ?? 0)
            .ThenByDescending(n => n.Status?.Table?.Percent ?? -1)
            .ThenBy(n => n.Metadata?.Name, StringComparer.Ordinal)
            .Take(MostNodes)
            .ToList();
        var table = new TextTable("NODE", ">ENTRIES", ">LIMIT", ">USED%", ">DROPS/MIN", ">RACES/MIN", "APPLIED", "PRESSURE", "WHY");
        foreach (var n in shown)
        {
            var applied = Condition(n, ConditionTypes.Applied);
            table.Add(
                n.Metadata?.Name ?? "-",
                Number(n.Status?.Table?.Entries),
                Limit(n.Status?.Table),
                Number(n.Status?.Table?.Percent),
                Number(n.Status?.Rates?.TableFullDropsPerMinute),
                Number(n.Status?.Rates?.RacesLostPerMinute),
                applied?.Reason ?? "NotReported",
                Reason(n.Status?.Conditions, ConditionTypes.Pressure),
                applied is null
                    ? "its agent has not reported yet" : applied.Status == "True" ? string.Empty : applied.Message ?? string.Empty);
        }

        table.Print();
        if (nodes.Count > shown.Count)
        {
            Console.Out.WriteLine(
                $"and {nodes.Count - shown.Count} more that are fine or less full; `kubectl get conntracknodes` shows all");
        }
    }

    private static Condition? Condition(ConntrackNode node, string type) => Api.Meta.Condition.Find(node.Status?.Conditions, type);

    private static JsonObject List(List<ConntrackPolicy> policies, List<ConntrackNode> nodes)
    {
        var items = policies.Select(p => JsonSerializer.SerializeToNode(
                p with { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackPolicy.KindName }, ApiJson.Default.ConntrackPolicy))
            .Concat(
                nodes.Select(
                    n =>
                        JsonSerializer.SerializeToNode(
                            n with { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackNode.KindName }, ApiJson.Default.ConntrackNode)));
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. items]) };
    }
}
