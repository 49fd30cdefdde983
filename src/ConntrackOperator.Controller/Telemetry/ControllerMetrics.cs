using System.Diagnostics.Metrics;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Telemetry;

/// <summary>
/// What the controller counts. Queues and reconcilers go by the names of controller-runtime, so that what people have built
/// for other operators shows this one too.
/// </summary>
internal sealed class ControllerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ConntrackOperator.Controller";

    private readonly Meter _meter = new(MeterName);
    private readonly Lock _lock = new();
    private readonly List<(string Name, WorkQueue<string> Queue, int Workers)> _queues = [];
    private readonly Histogram<double> _queued;
    private readonly Histogram<double> _worked;
    private readonly Histogram<double> _reconcileTime;
    private readonly Counter<long> _reconciles;
    private readonly string _lease;
    private PolicyStatusAggregator? _aggregator;

    /// <summary>Creates the instruments.</summary>
    /// <param name="lease">The leader lease's name.</param>
    public ControllerMetrics(string lease)
    {
        _lease = lease;
        _queued = _meter.CreateHistogram<double>(
            "workqueue_queue_duration_seconds", "s", "How long a key waited in a work queue before it was worked on.");
        _worked = _meter.CreateHistogram<double>("workqueue_work_duration_seconds", "s", "How long a key was worked on.");
        _reconcileTime = _meter.CreateHistogram<double>(
            "controller_runtime_reconcile_time_seconds", "s", "How long a reconciliation took.");
        _reconciles = _meter.CreateCounter<long>(
            "controller_runtime_reconcile_total", null, "Reconciliations by controller and result: success or error.");
        _meter.CreateObservableGauge("leader_election_master_status", LeaderStatus, null, "1 while this replica leads, 0 otherwise.");
        _meter.CreateObservableGauge("workqueue_depth", () => Queues(q => q.Queue.Depth), null, "Keys that could be worked on now.");
        _meter.CreateObservableCounter("workqueue_adds_total", () => Queues(q => q.Queue.Adds), null, "Keys that came into a work queue.");
        _meter.CreateObservableCounter(
            "workqueue_retries_total", () => Queues(q => q.Queue.Retries), null, "Keys that came into a work queue again after a failure.");
        _meter.CreateObservableGauge(
            "workqueue_unfinished_work_seconds", () => Queues(q => q.Queue.UnfinishedWork.TotalSeconds), "s",
            "For how long all work in progress together has been going on; without end when something is stuck.");
        _meter.CreateObservableGauge(
            "workqueue_longest_running_processor_seconds", () => Queues(q => q.Queue.LongestRunning.TotalSeconds), "s",
            "For how long the oldest piece of work in progress has been going on.");
        _meter.CreateObservableGauge(
            "controller_runtime_active_workers", () => Queues(q => q.Queue.Processing, "controller"), null, "Keys being worked on.");
        _meter.CreateObservableGauge(
            "controller_runtime_max_concurrent_reconciles", () => Queues(q => q.Workers, "controller"), null,
            "Keys that can be worked on at once.");
        _meter.CreateObservableGauge(
            "conntrack_policy_nodes", PolicyNodes, "{node}",
            "Nodes of a policy by state; a node is selected, and in one of the other states as well.");
        _meter.CreateObservableGauge(
            "conntrack_policy_rollout_paused", Paused, null,
            "1 while the rollout of a policy is paused, 0 otherwise; only of policies that have one.");
        _meter.CreateObservableGauge("conntrack_entries_by_namespace", ByNamespace, "{entry}", "About how many entries have their source "
            + "in a namespace, from the five sources with the most entries that each node reports; the 20 namespaces with the most.");
    }

    /// <summary>About how many entries have their source in which namespace; null: nobody looks, or not yet.</summary>
    public IReadOnlyList<(string Namespace, long Entries)>? Namespaces { get; set; }

    /// <summary>How to make a queue that is measured.</summary>
    /// <param name="name">Its name.</param>
    public WorkQueueOptions QueueOptions(string name)
    {
        var label = new KeyValuePair<string, object?>("name", name);
        return new()
        {
            Started = took => _queued.Record(took.TotalSeconds, label),
            Finished = took => _worked.Record(took.TotalSeconds, label),
        };
    }

    /// <summary>How to make a reconciler that is measured.</summary>
    /// <param name="name">Its name, which is its queue's.</param>
    /// <param name="queue">Its queue.</param>
    /// <param name="workers">Keys worked on at once.</param>
    public ReconcilerOptions ReconcilerOptions(string name, WorkQueue<string> queue, int workers = 1)
    {
        lock (_lock)
        {
            _queues.Add((name, queue, workers));
        }

        KeyValuePair<string, object?> controller = new("controller", name), success = new("result", "success"),
            error = new("result", "error");
        return new()
        {
            Name = "reconcile " + name,
            Workers = workers,
            Reconciled = (took, succeeded) =>
            {
                _reconcileTime.Record(took.TotalSeconds, controller);
                _reconciles.Add(1, controller, succeeded ? success : error);
            },
        };
    }

    /// <summary>This replica leads.</summary>
    /// <param name="aggregator">Who adds up the status of policies.</param>
    public void Leads(PolicyStatusAggregator aggregator)
    {
        lock (_lock)
        {
            _aggregator = aggregator;
        }
    }

    /// <summary>It leads no longer: queues and policies are another replica's to speak of.</summary>
    public void LeadsNoMore()
    {
        lock (_lock)
        {
            _aggregator = null;
            Namespaces = null;
            _queues.Clear();
        }
    }

    public void Dispose() => _meter.Dispose();

    // The label is not namespace: that is the controller's own, which a scrape adds.
    private IEnumerable<Measurement<long>> ByNamespace() =>
        (Namespaces ?? [])
            .Select(n => new Measurement<long>(n.Entries, new KeyValuePair<string, object?>("source_namespace", n.Namespace)));

    private Measurement<int> LeaderStatus()
    {
        lock (_lock)
        {
            return new(_aggregator is null ? 0 : 1, new KeyValuePair<string, object?>("name", _lease));
        }
    }

    private List<Measurement<T>> Queues<T>(Func<(WorkQueue<string> Queue, int Workers), T> value, string label = "name")
        where T : struct
    {
        lock (_lock)
        {
            return _queues.ConvertAll(
                q => new Measurement<T>(value((q.Queue, q.Workers)), new KeyValuePair<string, object?>(label, q.Name)));
        }
    }

    private IEnumerable<Measurement<int>> PolicyNodes()
    {
        foreach (var (policy, nodes, _) in Policies())
        {
            (string State, int? Count)[] states =
            [
                ("selected", nodes.Selected), ("ready", nodes.Ready), ("updating", nodes.Updating), ("waiting", nodes.Waiting),
                ("drifted", nodes.Drifted), ("failed", nodes.Failed), ("unreachable", nodes.Unreachable),
            ];
            foreach (var (state, count) in states)
            {
                yield return new(count ?? 0, new("policy", policy), new("state", state));
            }
        }
    }

    private IEnumerable<Measurement<int>> Paused() =>
        Policies().Where(p => p.Rollout is not null)
            .Select(p => new Measurement<int>(p.IsPaused ? 1 : 0, new KeyValuePair<string, object?>("policy", p.Policy)));

    private IReadOnlyList<PolicySummary> Policies()
    {
        PolicyStatusAggregator? aggregator;
        lock (_lock)
        {
            aggregator = _aggregator;
        }

        return aggregator?.Summaries() ?? [];
    }
}
