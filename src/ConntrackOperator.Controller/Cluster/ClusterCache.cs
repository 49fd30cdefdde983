using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;
using ConntrackOperator.Planning.Validation;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>What the controller sees of the cluster: one watch a kind.</summary>
/// <param name="api">The API.</param>
/// <param name="log">Told of failures.</param>
/// <param name="time">The clock.</param>
/// <param name="shared">Keeps what is equal between nodes once, and of each node only what the controller reads; null: everything is
/// kept.</param>
internal sealed class ClusterCache(ApiClient api, ILogger log, TimeProvider time, ValueInterner? shared = null)
{
    private readonly PolicyValidationCache _errors = new();

    public Informer<ConntrackPolicy> Policies { get; } =
        new(api, ResourceType.ConntrackPolicy, ApiJson.Default.ConntrackPolicy, null, log, time);

    public Informer<NodeObject> Nodes { get; } =
        new(api, ResourceType.Node, ClusterJson.Default.NodeObject, null, log, time) { Transform = shared is null ? null : shared.Compact };

    public Informer<ConntrackNode> ConntrackNodes { get; } =
        new(api, ResourceType.ConntrackNode, ApiJson.Default.ConntrackNode, null, log, time)
        {
            Transform = shared is null ? null : shared.Compact,
        };

    public Informer<ConntrackFlush> Flushes { get; } =
        new(api, ResourceType.ConntrackFlush, ApiJson.Default.ConntrackFlush, null, log, time);

    /// <summary>Every policy.</summary>
    public List<ConntrackPolicy> AllPolicies() => [.. Policies.Store.Snapshot.Values];

    /// <summary>What is wrong with a policy; empty: nothing. Found out once for each generation.</summary>
    public IReadOnlyList<FieldError> Errors(ConntrackPolicy policy) => _errors.Of(policy);

    /// <summary>The policy is gone.</summary>
    public void ForgetPolicy(string name) => _errors.Forget(name);

    /// <summary>Every policy that is valid.</summary>
    public List<ConntrackPolicy> ValidPolicies() => [.. Policies.Store.Snapshot.Values.Where(p => Errors(p).Count == 0)];

    /// <summary>What is kept of a ConntrackNode that was written.</summary>
    public ConntrackNode Compact(ConntrackNode node) => shared is null ? node : shared.Compact(node);

    /// <summary>What is kept of a Node that was written.</summary>
    public NodeObject Compact(NodeObject node) => shared is null ? node : shared.Compact(node);

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
            if (Node(key.Name) is { } node && NodeReading.Facts(node) is var facts
                && !wanting.Exists(s => LabelSelectors.Matches(s, facts.Labels)))
            {
                leaving.Add(facts);
            }
        }

        leaving.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return leaving;
    }

    /// <summary>The names of all nodes.</summary>
    public string[] NodeNames() => [.. Nodes.Store.Snapshot.Keys.Select(k => k.Name)];

    /// <summary>How each of the watches is doing.</summary>
    public IReadOnlyList<IInformerState> Watches => [Policies, Nodes, ConntrackNodes, Flushes];

    public async Task WaitForSyncAsync(CancellationToken cancellationToken)
    {
        await Policies.WaitForSyncAsync(cancellationToken);
        await Nodes.WaitForSyncAsync(cancellationToken);
        await ConntrackNodes.WaitForSyncAsync(cancellationToken);
        await Flushes.WaitForSyncAsync(cancellationToken);
    }

    /// <summary>What has to run side by side, by name; none of it ends before it is cancelled.</summary>
    public IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts =>
    [
        (Name(Policies), Policies.RunAsync), (Name(Nodes), Nodes.RunAsync), (Name(ConntrackNodes), ConntrackNodes.RunAsync),
        (Name(Flushes), Flushes.RunAsync),
    ];

    private static string Name(IInformerState watch) => $"the watch of {watch.Resource}";
}
