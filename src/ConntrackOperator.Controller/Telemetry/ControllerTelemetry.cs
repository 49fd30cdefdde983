using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Telemetry;

namespace ConntrackOperator.Controller.Telemetry;

/// <summary>Who the controller is to whoever collects telemetry.</summary>
internal static class ControllerTelemetry
{
    private const int Queues = 8;

    private static readonly Dictionary<string, int> _series = new()
    {
        // Eight states a policy.
        ["conntrack_policy_nodes"] = 2000,
        ["conntrack_policy_rollout_paused"] = 250,

        // At most 21 at a time; those that were served before count as well.
        ["conntrack_entries_by_namespace"] = 200,
        ["workqueue_depth"] = Queues,
        ["workqueue_adds_total"] = Queues,
        ["workqueue_retries_total"] = Queues,
        ["workqueue_queue_duration_seconds"] = Queues,
        ["workqueue_work_duration_seconds"] = Queues,
        ["workqueue_unfinished_work_seconds"] = Queues,
        ["workqueue_longest_running_processor_seconds"] = Queues,
        ["controller_runtime_reconcile_total"] = 2 * Queues,
        ["controller_runtime_reconcile_time_seconds"] = Queues,
        ["controller_runtime_active_workers"] = Queues,
        ["controller_runtime_max_concurrent_reconciles"] = Queues,
    };

    public static TelemetrySource Source(ControllerOptions options, string version) => new()
    {
        Component = "conntrack-controller",
        Version = version,
        Instance = options.Identity,
        Attributes = [new("k8s.namespace.name", options.Namespace)],
        Meters = [ControllerMetrics.MeterName],
        Spans = [],
        Series = _series,
    };
}
