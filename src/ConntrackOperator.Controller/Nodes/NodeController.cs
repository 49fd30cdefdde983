using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Plans nodes when a policy, the node, its ConntrackNode or one of its flushes changes.</summary>
internal sealed class NodeController : ReconcilingController
{
    private readonly ControllerContext _context;
    private readonly NodeReconciler _reconciler;
    private readonly NodeEvents _events;

    public NodeController(ControllerContext context, PolicyStatusAggregator aggregator)
        : base("node", context, context.Options.Workers)
    {
        _context = context;
        _reconciler = new NodeReconciler(context, aggregator);
        var asked = new AddressOwnerOptions { MostInAMinute = 60, MostOfANode = 6 };
        _events = new NodeEvents(
            context.Events, context.Options.PodNames ? new AddressOwners(context.Api, asked, context.Time) : null, context.Log);
        context.Cluster.Nodes.Changed += NodeChanged;
        context.Cluster.ConntrackNodes.Changed += ConntrackNodeChanged;
        context.Cluster.Flushes.Changed += FlushChanged;

        // After a change of a policy, and when a rollout has a free slot.
        aggregator.Requeued += requeue => Enqueue(requeue.Nodes);
    }

    /// <inheritdoc />
    public override IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts => _context.Options.PodNames
        ? [("the resync of nodes", ResyncAsync), ("the names in events of nodes", _events.RunAsync)]
        : [("the resync of nodes", ResyncAsync)];

    /// <inheritdoc />
    protected override Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken) =>
        _reconciler.ReconcileAsync(key, cancellationToken);

    private Task ResyncAsync(CancellationToken cancellationToken) => Resync.RunAsync(
        _context.Cluster.Nodes.Store, n => n.Metadata!.Name!, Queue, _context.Options.Resync, _context.Time, null, cancellationToken);

    private void NodeChanged(WatchChange<NodeObject> change)
    {
        if (NodeReading.Differs(change.Old, change.New))
        {
            Queue.Add(change.Key.Name);
        }
    }

    private void ConntrackNodeChanged(WatchChange<ConntrackNode> change)
    {
        Queue.Add(change.Key.Name);
        if (change.Kind == WatchChangeKind.Modified && _context.Cluster.Node(change.Key.Name) is { } node)
        {
            _events.Compare(node, change.Old?.Status, change.New?.Status);
        }
    }

    private void FlushChanged(WatchChange<ConntrackFlush> change)
    {
        if (change.Old?.Status?.Phase != change.New?.Status?.Phase)
        {
            Enqueue(change.Object.Status?.NodeNames ?? []);
        }
    }

    private void Enqueue(IReadOnlyList<string> nodes)
    {
        foreach (var node in nodes)
        {
            Queue.Add(node);
        }
    }
}
