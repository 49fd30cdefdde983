using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;

namespace ConntrackOperator.Controller.Restores;

/// <summary>Which nodes still have to put back what a policy set that is being deleted.</summary>
internal static class PendingRestores
{
    /// <summary>Nodes that are gone, not ready, or have no agent, are not waited for.</summary>
    public static List<string> StillRestoring(string policy, ClusterCache cluster)
    {
        var waiting = new List<string>();
        foreach (var node in cluster.ConntrackNodes.Store.Snapshot.Values)
        {
            if (IsRestoring(policy, node) && cluster.Node(node.Metadata!.Name!) is { } machine && NodeReading.IsReady(machine))
            {
                waiting.Add(node.Metadata.Name!);
            }
        }

        waiting.Sort(StringComparer.Ordinal);
        return waiting;
    }

    /// <summary>
    /// Whether the plan still has the policy's settings, or an original of the policy's is out, or the agent has not got as far as the
    /// plan, so that its report may be from before it set anything.
    /// </summary>
    public static bool IsRestoring(string policy, ConntrackNode node) =>
        (node.Spec?.Settings?.Exists(s => s.Policy == policy) ?? false)
        || (node.Status?.Settings?.Exists(s => s.Policy == policy) ?? false)
        || node.Status?.ObservedGeneration < node.Metadata?.Generation;
}
