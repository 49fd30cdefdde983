using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>What the Node's condition ConntrackPressure has to say. Pure.</summary>
internal static class PressureCondition
{
    /// <summary>The reasons of this condition begin with it, so that another program's condition of the same type is left alone.</summary>
    private const string ReasonPrefix = "Conntrack";

    /// <summary>The condition as it should be.</summary>
    /// <param name="plan">The ConntrackNode with its plan and what its agent reported; null: there is none.</param>
    /// <param name="reports">Whether there is an agent that reports.</param>
    /// <returns>Null: the Node should have none.</returns>
    public static NodeObjectCondition? Wanted(ConntrackNode? plan, bool reports)
    {
        if (plan?.Spec?.Pressure?.NodeCondition is not true)
        {
            return null;
        }

        var pressure = Condition.Find(plan.Status?.Conditions, ConditionTypes.Pressure);
        var (status, reason) = pressure?.Reason switch
        {
            _ when !reports => ("Unknown", "NotReported"),
            ConditionReasons.Normal => ("False", ConditionReasons.Normal),
            ConditionReasons.Warning or ConditionReasons.Critical => ("True", pressure.Reason),
            _ => ("Unknown", "NotReported"),
        };
        return new NodeObjectCondition { Type = NodeReading.PressureCondition, Status = status, Reason = ReasonPrefix + reason };
    }

    /// <summary>The Node's condition if it is this program's; null: it has none, or somebody else's.</summary>
    public static NodeObjectCondition? Own(NodeObject node) =>
        NodeReading.Condition(node, NodeReading.PressureCondition) is { } condition
        && condition.Reason?.StartsWith(ReasonPrefix, StringComparison.Ordinal) == true
            ? condition
            : null;

    /// <summary>Whether two say the same; since when is not compared.</summary>
    public static bool Same(NodeObjectCondition? a, NodeObjectCondition? b) => a?.Status == b?.Status && a?.Reason == b?.Reason;

    /// <summary>
    /// What server-side apply is told: the Node with this condition, or with none, which takes away the one stated before.
    /// </summary>
    /// <param name="node">The node; another one of its name is not written to.</param>
    /// <param name="plan">Its ConntrackNode, for the figures.</param>
    /// <param name="wanted">The condition; null: none.</param>
    /// <param name="present">The one that is there, for the time of its last transition.</param>
    /// <param name="now">The time, for a status that is new.</param>
    public static JsonObject Body(
        NodeObject node, ConntrackNode? plan, NodeObjectCondition? wanted, NodeObjectCondition? present, DateTimeOffset now)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = node.Metadata!.Name, ["uid"] = node.Metadata.Uid },
        };
        if (wanted is not null)
        {
            var since = present?.Status == wanted.Status && present?.LastTransitionTime is { } known ? known : now;
            body["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = wanted.Type,
                    ["status"] = wanted.Status,
                    ["reason"] = wanted.Reason,
                    ["message"] = Message(node.Metadata.Name!, plan?.Status?.Table, wanted),
                    ["lastHeartbeatTime"] = Time(now),
                    ["lastTransitionTime"] = Time(since),
                }),
            };
        }

        return body;
    }

    /// <summary>With the figures of when the condition changed: a Node is not written again for each report.</summary>
    private static string Message(string node, TableStatus? table, NodeObjectCondition condition)
    {
        var then = condition.Status == "Unknown" || table is null ? "no agent reports from this node"
            : table.NoLimit == true ? $"{table.Entries} conntrack entries in use, no limit, when this changed"
            : $"{table.Entries} of {table.Limit} conntrack entries in use ({table.Percent}%) when this changed";
        return $"{then}; now: kubectl get conntracknode {node}";
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
