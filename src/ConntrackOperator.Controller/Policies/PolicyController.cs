using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Policies;

/// <summary>
/// Keeps finalizer and status of policies when they, or what their nodes report, change; starts the replan after an edit.
/// </summary>
internal sealed class PolicyController : ReconcilingController
{
    private readonly ControllerContext _context;
    private readonly PolicyStatusAggregator _aggregator;
    private readonly PolicyReconciler _reconciler;

    public PolicyController(ControllerContext context, PolicyStatusAggregator aggregator)
        : base("policy", context)
    {
        _context = context;
        _aggregator = aggregator;
        _reconciler = new PolicyReconciler(context, aggregator);
        context.Cluster.Policies.Changed += PolicyChanged;
        context.Cluster.ConntrackNodes.Changed += ConntrackNodeChanged;
        aggregator.Requeued += Requeued;
    }

    /// <inheritdoc />
    public override IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts => [("the resync of policies", ResyncAsync)];

    /// <inheritdoc />
    protected override Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken) =>
        _reconciler.ReconcileAsync(key, cancellationToken);

    private Task ResyncAsync(CancellationToken cancellationToken) => Resync.RunAsync(
        _context.Cluster.Policies.Store, p => p.Metadata!.Name!, Queue, _context.Options.Resync, _context.Time, null, cancellationToken);

    private void PolicyChanged(WatchChange<ConntrackPolicy> change)
    {
        if (PlanChange.Is(change))
        {
            var nodes = _context.Cluster.NodeNames();
            if (change.New is { } policy)
            {
                // Before its status is looked at: the plans of before say nothing about this generation.
                _aggregator.BeginReplan(policy, nodes);
            }

            _aggregator.Requeue(new RequeueSet([change.Key.Name], nodes));
        }
        else if (SpecChange.Is(change))
        {
            Queue.Add(change.Key.Name);
        }
    }

    private void ConntrackNodeChanged(WatchChange<ConntrackNode> change)
    {
        // A policy that is being deleted waits for what nodes report.
        foreach (var policy in _context.Cluster.Policies.Store.Snapshot.Values)
        {
            if (policy.Metadata?.DeletionTimestamp is not null)
            {
                Queue.Add(policy.Metadata.Name!);
            }
        }
    }

    private void Requeued(RequeueSet requeue)
    {
        foreach (var policy in requeue.Policies)
        {
            Queue.Add(policy);
        }
    }
}
