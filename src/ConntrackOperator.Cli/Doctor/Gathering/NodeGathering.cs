using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Nodes with what is planned for them, by the controller's own function, and what their agents say.</summary>
internal static class NodeGathering
{
    // In the order in which they are looked for.
    private static readonly string[] _pools =
    [
        "eks.amazonaws.com/nodegroup", "karpenter.sh/nodepool", "cloud.google.com/gke-nodepool", "kubernetes.azure.com/agentpool",
        "agentpool",
        "machineconfiguration.openshift.io/role", "cluster.x-k8s.io/deployment-name", "node.cluster.x-k8s.io/pool", "node-pool", "pool",
    ];

    public static IReadOnlyList<NodeView> Views(
        IReadOnlyList<JsonObject> nodes, IReadOnlyList<JsonObject> reported, IReadOnlyList<ConntrackPolicy> policies)
    {
        var reports = new Dictionary<string, ConntrackNode>(StringComparer.Ordinal);
        foreach (var report in reported.Select(Read).OfType<ConntrackNode>())
        {
            reports[report.Metadata?.Name ?? string.Empty] = report;
        }

        return [.. nodes
            .Where(
                n => n.Text("status", "nodeInfo", "operatingSystem") is "" or "linux"
                    && n.Text("metadata", "labels", "kubernetes.io/os") is "" or "linux")
            .Select(n => View(n, reports.GetValueOrDefault(n.Name()), policies))];
    }

    private static ConntrackNode? Read(JsonObject node)
    {
        try
        {
            return node.Deserialize(ApiJson.Default.ConntrackNode);
        }
        catch (JsonException)
        {
            // Somebody else's word that can't be read: as if it had not been said.
            return null;
        }
    }

    private static NodeView View(JsonObject node, ConntrackNode? report, IReadOnlyList<ConntrackPolicy> policies)
    {
        var labels = node.Map("metadata", "labels");
        var facts = NodeCapacity.Facts(node.Name(), labels, node.Map("status", "capacity"));
        var plan = NodePlanner.Plan(facts, policies);
        var status = report?.Status;
        var kernel = status?.Node?.Kernel is { Length: > 0 } seen ? seen : node.Text("status", "nodeInfo", "kernelVersion");
        return new NodeView
        {
            Name = facts.Name,
            Labels = labels,
            Provider = Provider(node.Text("spec", "providerID")),
            InstanceType = labels.GetValueOrDefault("node.kubernetes.io/instance-type") ?? string.Empty,
            Pool = _pools.Select(p => labels.GetValueOrDefault(p)).FirstOrDefault(p => !string.IsNullOrEmpty(p)) ?? string.Empty,
            Cores = facts.Cores,
            MemoryBytes = facts.MemoryBytes,
            Kernel = kernel,
            OsImage = node.Text("status", "nodeInfo", "osImage"),
            Version = KubeVersion.Find(node.Text("status", "nodeInfo", "kubeletVersion")),
            Ready = node.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == "Ready") is not { } ready
                || ready.Text("status") == "True",
            Planned = Planned(plan.Spec),
            Actual = Actual(status),
            Settings = status?.Settings ?? [],
            Entries = status?.Table?.Entries,
            ChainTooLong = status?.Rates?.ChainTooLongPerMinute ?? 0,
            Module = Module(status),
            Selected = plan.Policies.Count > 0,
            ReportedAt = status?.ReportedAt,
            AgentVersion = status?.Node?.AgentVersion ?? string.Empty,
        };
    }

    /// <summary>A plan by sysctl.</summary>
    internal static Dictionary<string, NodeSetting> Planned(NodeSpec? spec) =>
        (spec?.Settings ?? []).Where(s => s.Name is not null).GroupBy(s => s.Name!)
            .ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);

    /// <summary>What a kernel holds, as its agent says.</summary>
    internal static Dictionary<string, long> Actual(NodeStatus? status)
    {
        var actual = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var setting in status?.Settings ?? [])
        {
            if (setting is { Name: { } name, Actual: { } value })
            {
                actual[name] = value;
            }
        }

        if (status?.Table?.Limit is { } limit)
        {
            actual[SysctlNames.Max] = limit;
        }
        else if (status?.Table?.NoLimit == true)
        {
            actual[SysctlNames.Max] = 0;
        }

        if (status?.Table?.Buckets is { } buckets)
        {
            actual[SysctlNames.Buckets] = buckets;
        }

        return actual;
    }

    internal static ModulePresence Module(NodeStatus? status) =>
        Condition.Find(status?.Conditions, ConditionTypes.Applied)?.Reason == ConditionReasons.ModuleNotLoaded ? ModulePresence.Missing
        : status?.Table is { } table && (table.Limit is not null || table.NoLimit == true) ? ModulePresence.Loaded
        : ModulePresence.Unknown;

    private static string Provider(string providerId)
    {
        var colon = providerId.IndexOf("://", StringComparison.Ordinal);
        return colon < 0 ? string.Empty : providerId[..colon];
    }
}
