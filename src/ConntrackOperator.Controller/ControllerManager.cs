using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller;

/// <summary>All that the controller does while it leads: watches feed queues, queues feed reconcilers.</summary>
internal sealed class ControllerManager : IDisposable
{
    private const string Fleet = "agents";

    /// <summary>Thousands of nodes finish a flush at about the same time: one status for many of them.</summary>
    private static readonly TimeSpan _addUpAfter = TimeSpan.FromMilliseconds(250);

    private readonly ClusterCache _cluster;
    private readonly PolicyStatusAggregator _board = new();
    private readonly WorkQueue<string> _nodes;
    private readonly WorkQueue<string> _policies;
    private readonly WorkQueue<string> _fleet;
    private readonly WorkQueue<string> _flushes;
    private readonly EventRecorder _events;
    private readonly NodeEvents _nodeEvents;
    private readonly Supervisor _supervisor;
    private readonly List<(string Name, Func<CancellationToken, Task> Run)> _parts = [];
    private readonly Lock _beginning = new();
    private bool _begun;

    public ControllerManager(ApiClient api, ControllerOptions options, AgentTemplate? template, DeploymentOwner owner, ControllerHealth health, ControllerMetrics metrics, IRuntimeLog log, TimeProvider time)
    {
        _cluster = new ClusterCache(api, log, time, new ValueInterner());
        _nodes = new WorkQueue<string>(metrics.QueueOptions("node"), time);
        _policies = new WorkQueue<string>(metrics.QueueOptions("policy"), time);
        _fleet = new WorkQueue<string>(metrics.QueueOptions("agents"), time);
        _flushes = new WorkQueue<string>(metrics.QueueOptions("flush"), time);
        _events = new EventRecorder(api, new EventRecorderOptions { ReportingController = ControllerOptions.FieldManager, ReportingInstance = options.Identity }, log, time);
        _nodeEvents = new NodeEvents(_events);
        _supervisor = new Supervisor(log, time) { EndProcess = options.Lease.EndProcess };
        List<IInformerState> watches = [.. _cluster.Watches];

        var nodes = new NodeReconciler(api, _cluster, _board, options, new FlushAssignments(_cluster.Flushes.Store), Changed, () => _fleet.Add(Fleet), log, time);
        var policies = new PolicyReconciler(api, _cluster, _board, options, _events, log, time);
        _parts.Add(("the event recorder", _events.RunAsync));
        _parts.AddRange(_cluster.Parts);
        Work(_nodes, nodes.ReconcileAsync, metrics.ReconcilerOptions("node", _nodes, options.Workers), log, time);
        Work(_policies, policies.ReconcileAsync, metrics.ReconcilerOptions("policy", _policies), log, time);
        var flushes = new FlushReconciler(api, _cluster, options, _events, log, time);
        Work(_flushes, flushes.ReconcileAsync, metrics.ReconcilerOptions("flush", _flushes), log, time);
        _parts.Add(("the resync of nodes", ct => Resync.RunAsync(_cluster.Nodes.Store, n => n.Metadata!.Name!, _nodes, options.Resync, time, null, ct)));
        _parts.Add(("the resync of policies", ct => Resync.RunAsync(_cluster.Policies.Store, p => p.Metadata!.Name!, _policies, options.Resync, time, null, ct)));
        if (template is not null)
        {
            var daemonSets = new Informer<DaemonSetObject>(
                api, ResourceType.DaemonSet, ClusterJson.Default.DaemonSetObject,
                new InformerOptions { Namespace = options.Namespace, FieldSelector = "metadata.name=" + template.Name }, log, time);
            var agents = new AgentReconciler(api, _cluster, daemonSets, template, owner, options, log);
            daemonSets.Changed += change =>
            {
                if (SpecChange.Is(change) || (change.New is { } now && !(template.LabelsAreOn(now) && owner.IsOn(now))))
                {
                    _fleet.Add(Fleet);
                }
            };
            watches.Add(daemonSets);
            _parts.Add(("the watch of " + ResourceType.DaemonSet.QualifiedName, daemonSets.RunAsync));
            var measured = metrics.ReconcilerOptions("agents", _fleet);
            _parts.Add(("the reconciler of the agents", ct => AfterSync(
                async token =>
                {
                    await daemonSets.WaitForSyncAsync(token);
                    _fleet.Add(Fleet);
                    await new Reconciler<string>(_fleet, (_, t) => agents.ReconcileAsync(t), measured, log, time).RunAsync(token);
                },
                ct)));
        }

        _cluster.Policies.Changed += PolicyChanged;
        _cluster.Nodes.Changed += NodeChanged;
        _cluster.ConntrackNodes.Changed += ConntrackNodeChanged;
        _cluster.Flushes.Changed += FlushChanged;
        List<(string, WorkQueue<string>)> queues = [("node", _nodes), ("policy", _policies), ("flush", _flushes)];
        if (template is not null)
        {
            queues.Add((Fleet, _fleet));
        }

        health.Leads(watches, queues);
        metrics.Leads(_board);
    }

    /// <summary>Runs until cancelled, or until a part breaks, which ends all.</summary>
    /// <exception cref="PartEndedException">A part ended or failed, which the log says; the process should end.</exception>
    public Task RunAsync(CancellationToken ct) => _supervisor.RunAsync(_parts, ct);

    public void Dispose()
    {
        _nodes.Dispose();
        _policies.Dispose();
        _fleet.Dispose();
        _flushes.Dispose();
    }

    private void Work(WorkQueue<string> queue, Func<string, CancellationToken, Task<ReconcileResult>> reconcile, ReconcilerOptions options, IRuntimeLog log, TimeProvider time)
    {
        var reconciler = new Reconciler<string>(queue, reconcile, options, log, time);
        _parts.Add((options.Name, ct => AfterSync(reconciler.RunAsync, ct)));
    }

    /// <summary>Plans made from half a list would take settings away from nodes.</summary>
    private async Task AfterSync(Func<CancellationToken, Task> run, CancellationToken ct)
    {
        await _cluster.WaitForSyncAsync(ct);
        lock (_beginning)
        {
            if (!_begun)
            {
                // While the lists came in, one after the other, no round could know of all nodes.
                var nodes = NodeNames();
                _cluster.AllPolicies().ForEach(policy => _board.Begin(policy, nodes));
                _begun = true;
            }
        }

        await run(ct);
    }

    private string[] NodeNames() => [.. _cluster.Nodes.Store.Snapshot.Keys.Select(k => k.Name)];

    private void PolicyChanged(WatchChange<ConntrackPolicy> change)
    {
        if (!SpecChange.Is(change))
        {
            return;
        }

        if (change is { Kind: WatchChangeKind.Modified, Old.Metadata: { } old, New.Metadata: { } now }
            && old.Generation == now.Generation && old.DeletionTimestamp == now.DeletionTimestamp)
        {
            // Only the finalizer: no plan depends on it.
            _policies.Add(change.Key.Name);
            return;
        }

        var nodes = NodeNames();
        if (change.New is { } policy)
        {
            // Before its status is looked at: the plans of before say nothing about this generation.
            _board.Begin(policy, nodes);
        }

        _policies.Add(change.Key.Name);
        foreach (var node in nodes)
        {
            _nodes.Add(node);
        }

        _fleet.Add(Fleet);
    }

    private void NodeChanged(WatchChange<NodeObject> change)
    {
        if (NodeReading.Differs(change.Old, change.New))
        {
            _nodes.Add(change.Key.Name);
            _fleet.Add(Fleet);
        }
    }

    private void ConntrackNodeChanged(WatchChange<ConntrackNode> change)
    {
        _nodes.Add(change.Key.Name);
        if (change.Kind == WatchChangeKind.Modified && _cluster.Node(change.Key.Name) is { } node)
        {
            _nodeEvents.Compare(node, change.Old?.Status, change.New?.Status);
        }

        // A policy that is being deleted waits for what nodes report.
        foreach (var policy in _cluster.Policies.Store.Snapshot.Values)
        {
            if (policy.Metadata?.DeletionTimestamp is not null)
            {
                _policies.Add(policy.Metadata.Name!);
            }
        }

        foreach (var flush in _cluster.Flushes.Store.Snapshot.Values)
        {
            if (FlushAssignments.IsFor(flush, change.Key.Name))
            {
                _flushes.AddAfter(flush.Metadata!.Name!, _addUpAfter);
            }
        }

        if (change.Kind != WatchChangeKind.Modified)
        {
            _fleet.Add(Fleet);
        }
    }

    private void FlushChanged(WatchChange<ConntrackFlush> change)
    {
        _flushes.Add(change.Key.Name);
        if (change.Old?.Status?.Phase != change.New?.Status?.Phase)
        {
            if (change.Old?.Status?.Phase == FlushPhase.Running)
            {
                // Its nodes have room for those that wait, the oldest first.
                foreach (var waiting in _cluster.Flushes.Store.Snapshot.Values
                    .Where(f => f.Status?.Phase == FlushPhase.Pending).OrderBy(f => f.Metadata!.CreationTimestamp).ThenBy(f => f.Metadata!.Name, StringComparer.Ordinal))
                {
                    _flushes.Add(waiting.Metadata!.Name!);
                }
            }

            foreach (var node in change.Object.Status?.NodeNames ?? [])
            {
                _nodes.Add(node);
            }
        }
    }

    private void Changed(RequeueSet change)
    {
        foreach (var policy in change.Policies)
        {
            _policies.Add(policy);
        }

        foreach (var node in change.Nodes)
        {
            _nodes.Add(node);
        }
    }
}
