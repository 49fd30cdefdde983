using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Watching;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>What the controller sees of the cluster: one watch a kind.</summary>
internal sealed class ClusterView(ApiClient api, IRuntimeLog log, TimeProvider time)
{
    public ResourceWatcher<ConntrackPolicy> Policies { get; } =
        new(api, ResourceTypes.Policy, ApiJson.Default.ConntrackPolicy, null, log, time);

    public ResourceWatcher<NodeObject> Nodes { get; } =
        new(api, ResourceType.Node, ClusterJson.Default.NodeObject, null, log, time);

    public ResourceWatcher<ConntrackNode> ConntrackNodes { get; } =
        new(api, ResourceTypes.ConntrackNode, ApiJson.Default.ConntrackNode, null, log, time);

    public ResourceWatcher<ConntrackFlush> Flushes { get; } =
        new(api, ResourceTypes.Flush, ApiJson.Default.ConntrackFlush, null, log, time);

    /// <summary>Every policy.</summary>
    public List<ConntrackPolicy> AllPolicies() => [.. Policies.Store.Snapshot.Values];

    public NodeObject? Node(string name) => Nodes.Store.TryGet(name, out var node) ? node : null;

    public ConntrackNode? ConntrackNode(string name) => ConntrackNodes.Store.TryGet(name, out var node) ? node : null;

    public ConntrackPolicy? Policy(string name) => Policies.Store.TryGet(name, out var policy) ? policy : null;

    /// <summary>Nodes that none of the policies wants any more and whose ConntrackNode is still there, by name.</summary>
    /// <param name="policies">Valid policies; those that are being deleted want nothing.</param>
    public List<NodeFacts> Leaving(IReadOnlyList<ConntrackPolicy> policies)
    {
        var wanting = policies.Where(p => p.Metadata?.DeletionTimestamp is null).Select(p => p.Spec?.NodeSelector).ToList();
        var leaving = new List<NodeFacts>();
        foreach (var key in ConntrackNodes.Store.Snapshot.Keys)
        {
            if (Node(key.Name) is { } node && NodeReading.Facts(node) is var facts && !wanting.Exists(s => LabelSelectors.Matches(s, facts.Labels)))
            {
                leaving.Add(facts);
            }
        }

        leaving.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return leaving;
    }

    /// <summary>How each of the watches is doing.</summary>
    public IReadOnlyList<IWatchState> Watches => [Policies, Nodes, ConntrackNodes, Flushes];

    public async Task WaitForSyncAsync(CancellationToken ct)
    {
        await Policies.WaitForSyncAsync(ct);
        await Nodes.WaitForSyncAsync(ct);
        await ConntrackNodes.WaitForSyncAsync(ct);
        await Flushes.WaitForSyncAsync(ct);
    }

    /// <summary>What has to run side by side, by name; none of it ends before it is cancelled.</summary>
    public IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts =>
    [
        (Name(Policies), Policies.RunAsync), (Name(Nodes), Nodes.RunAsync), (Name(ConntrackNodes), ConntrackNodes.RunAsync), (Name(Flushes), Flushes.RunAsync),
    ];

    private static string Name(IWatchState watch) => $"the watch of {watch.Resource}";
}
