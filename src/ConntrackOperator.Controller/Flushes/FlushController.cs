using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>Works on flushes when they change, when one of their nodes reports, and when nodes have room for those that wait.</summary>
internal sealed class FlushController : ReconcilingController
{
    /// <summary>Thousands of nodes finish a flush at about the same time: one status for many of them.</summary>
    private static readonly TimeSpan _sumUpAfter = TimeSpan.FromMilliseconds(250);

    private readonly ControllerContext _context;
    private readonly FlushReconciler _reconciler;

    public FlushController(ControllerContext context)
        : base("flush", context)
    {
        _context = context;
        _reconciler = new FlushReconciler(context);
        context.Cluster.Flushes.Changed += FlushChanged;
        context.Cluster.ConntrackNodes.Changed += ConntrackNodeChanged;
    }

    /// <inheritdoc />
    protected override Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken) =>
        _reconciler.ReconcileAsync(key, cancellationToken);

    private void FlushChanged(WatchChange<ConntrackFlush> change)
    {
        Queue.Add(change.Key.Name);
        if (change.Old?.Status?.Phase == FlushPhase.Running && change.New?.Status?.Phase != FlushPhase.Running)
        {
            // Its nodes have room for those that wait, the oldest first.
            foreach (var waiting in _context.Cluster.Flushes.Store.Snapshot.Values
                .Where(f => f.Status?.Phase == FlushPhase.Pending)
                .OrderBy(f => f.Metadata!.CreationTimestamp)
                .ThenBy(f => f.Metadata!.Name, StringComparer.Ordinal))
            {
                Queue.Add(waiting.Metadata!.Name!);
            }
        }
    }

    private void ConntrackNodeChanged(WatchChange<ConntrackNode> change)
    {
        foreach (var flush in _context.Cluster.Flushes.Store.Snapshot.Values)
        {
            if (FlushAssignments.IsFor(flush, change.Key.Name))
            {
                Queue.AddAfter(flush.Metadata!.Name!, _sumUpAfter);
            }
        }
    }
}
