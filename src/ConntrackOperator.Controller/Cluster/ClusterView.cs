using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Watching;

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

    public async Task WaitForSyncAsync(CancellationToken ct)
    {
        await Policies.WaitForSyncAsync(ct);
        await Nodes.WaitForSyncAsync(ct);
        await ConntrackNodes.WaitForSyncAsync(ct);
        await Flushes.WaitForSyncAsync(ct);
    }

    public Task RunAsync(CancellationToken ct) =>
        Task.WhenAll(Policies.RunAsync(ct), Nodes.RunAsync(ct), ConntrackNodes.RunAsync(ct), Flushes.RunAsync(ct));
}
