using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cluster;

/// <summary>From a Node to what planning needs of it. Pure.</summary>
public static class NodeReading
{
    /// <summary>What planning needs: name, labels, cores and memory.</summary>
    public static NodeFacts Facts(NodeObject node) =>
        NodeCapacity.Facts(node.Metadata?.Name, node.Metadata?.Labels, node.Status?.Capacity);

    /// <summary>Whether the kubelet says that the node is ready; a node that says nothing of itself counts as ready.</summary>
    public static bool IsReady(NodeObject node) =>
        Condition(node, "Ready") is not { } ready || ready.Status == "True";

    /// <summary>The Node's condition that says how full its table is, where a policy asks for it.</summary>
    public const string PressureCondition = "ConntrackPressure";

    /// <summary>A condition of the node; null: it has none of this type.</summary>
    public static NodeObjectCondition? Condition(NodeObject node, string type) => node.Status?.Conditions?.Find(c => c.Type == type);

    /// <summary>Whether anything that planning or aggregation reads differs.</summary>
    public static bool Differs(NodeObject? before, NodeObject? after) =>
        before is null || after is null
        || before.Metadata?.Uid != after.Metadata?.Uid
        || before.Metadata?.DeletionTimestamp != after.Metadata?.DeletionTimestamp
        || IsReady(before) != IsReady(after)
        || Condition(before, PressureCondition) != Condition(after, PressureCondition)
        || Differs(Facts(before), Facts(after));

    private static bool Differs(NodeFacts before, NodeFacts after) =>
        before.Cores != after.Cores || before.MemoryBytes != after.MemoryBytes || !SameLabels(before.Labels, after.Labels);

    private static bool SameLabels(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
