using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>Brings one flush from Pending to its end: settles the nodes, tells them by their plans, adds up, deletes it after its time.</summary>
internal sealed class FlushReconciler(ApiClient api, ClusterCache cluster, ControllerOptions options, EventRecorder events, IRuntimeLog log, TimeProvider time)
{
    private static readonly TimeSpan _lookAgain = TimeSpan.FromSeconds(5);

    private readonly MutationCache<ConntrackFlush> _own = new(time);
    private readonly FlushTimes _times = new(time);
    private readonly RefusedWrites _refused = new(time);

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        var seen = cluster.Flushes.Store.TryGet(name, out var stored) ? stored : null;
        if (_own.Newest(name, seen) is not { Spec: not null, Metadata: { DeletionTimestamp: null, Uid: { } uid } } flush)
        {
            _own.Forget(name);
            _times.Forget(name);
            return ReconcileResult.Done;
        }

        if (_refused.Waits(uid, flush.Metadata.Generation) is var (left, _))
        {
            return ReconcileResult.RequeueAfter(left);
        }

        try
        {
            var result = flush.Status?.Phase switch
            {
                FlushPhase.Succeeded or FlushPhase.Failed => await ExpireAsync(flush, name, ct),
                FlushPhase.Running => await AddUpAsync(flush, name, ct),
                _ => await BeginAsync(flush, name, ct),
            };
            _refused.Forget(uid);
            return result;
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refused.Refused(uid, flush.Metadata.Generation, e.Message);
            log.Warn(FormattableString.Invariant($"The status of ConntrackFlush {name} was refused, again in {wait.TotalSeconds:0} s: {e.Message}"), e);
            events.Record(
                ObjectReference.To(flush, ConntrackFlush.KindName, ApiGroup.ApiVersion), EventType.Warning, "StatusRefused", "Report",
                $"its status can't be written, so it does not get on: {e.Message}", "StatusRefused");
            return ReconcileResult.RequeueAfter(wait);
        }
    }

    private async Task<ReconcileResult> BeginAsync(ConntrackFlush flush, string name, CancellationToken ct)
    {
        var now = Now();
        var nodes = Nodes(flush.Spec!);
        var full = nodes.Count <= FlushEvaluator.MostNodes ? Full(nodes, name) : [];
        var status = nodes.Count == 0
            ? FlushEvaluator.Refused(
                "NoAgent",
                flush.Spec!.NodeName is { } node
                    ? $"node {node} has no agent: only nodes that a ConntrackPolicy selects have one"
                    : "the selector matches no node that has an agent: only nodes that a ConntrackPolicy selects have one",
                now)
            : nodes.Count > FlushEvaluator.MostNodes
            ? FlushEvaluator.Refused(
                "TooManyNodes",
                FormattableString.Invariant($"spec.nodeSelector matches {nodes.Count} nodes that have an agent, and a flush is for {FlushEvaluator.MostNodes} at most: narrow it down, and make several flushes"),
                now)
            : full.Count > 0
            ? FlushEvaluator.Waiting(full, flush.Status?.Conditions, now)
            : new FlushStatus
            {
                Phase = FlushPhase.Running,
                NodeNames = nodes,
                Nodes = new FlushNodeCounts { Selected = nodes.Count, Done = 0, Failed = 0 },
                Matched = 0,
                Deleted = 0,
                StartedAt = now,
            };
        if (flush.Status is null || !Same(status, flush.Status))
        {
            await WriteAsync(flush, name, status, ct);
        }

        // Whoever ends calls those that wait; this is in case that goes unheard.
        return status.Phase == FlushPhase.Pending ? ReconcileResult.RequeueAfter(_lookAgain * 6) : ReconcileResult.Done;
    }

    /// <summary>Those of the nodes that have as many flushes to do as their plans can hold.</summary>
    private List<string> Full(List<string> nodes, string name)
    {
        var busy = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (key, item) in cluster.Flushes.Store.Snapshot)
        {
            if (key.Name != name && _own.Newest(key.Name, item) is { } other && FlushAssignments.IsRunning(other))
            {
                foreach (var node in other.Status!.NodeNames ?? [])
                {
                    busy[node] = busy.GetValueOrDefault(node) + 1;
                }
            }
        }

        return busy.Count == 0 ? [] : nodes.FindAll(node => busy.GetValueOrDefault(node) >= FlushAssignments.AtOnce);
    }

    private async Task<ReconcileResult> AddUpAsync(ConntrackFlush flush, string name, CancellationToken ct)
    {
        var now = Now();
        var elapsed = _times.SinceStart(name, flush.Metadata!.Uid!, now - (flush.Status!.StartedAt ?? now), options.FlushTimeout);
        var reported = (flush.Status.Results ?? []).Where(r => r.Name is not null).GroupBy(r => r.Name!, StringComparer.Ordinal)
            .ToDictionary(r => r.Key, r => r.First(), StringComparer.Ordinal);
        var progress = (flush.Status.NodeNames ?? []).ConvertAll(node => reported.TryGetValue(node, out var result)
            ? FlushEvaluator.Judge(result, flush.Status.Failures)
            : FlushEvaluator.Judge(
                flush.Metadata.Uid!, node, cluster.ConntrackNode(node), cluster.Node(node) is { } machine ? NodeReading.IsReady(machine) : null, elapsed, options));
        var status = FlushEvaluator.Sum(flush.Status, progress, flush.Spec!.DryRun == true, now);
        if (!Same(status, flush.Status))
        {
            await WriteAsync(flush, name, status, ct);
        }

        // The bounds have to be looked at even when nobody reports.
        return status.Phase == FlushPhase.Running ? ReconcileResult.RequeueAfter(_lookAgain) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> ExpireAsync(ConntrackFlush flush, string name, CancellationToken ct)
    {
        if (flush is not { Spec.TtlSecondsAfterFinished: { } ttl, Status.FinishedAt: { } finished })
        {
            return ReconcileResult.Done;
        }

        var left = finished + TimeSpan.FromSeconds(ttl) - time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.RequeueAfter(left < options.Resync ? left : options.Resync);
        }

        try
        {
            await api.DeleteAsync(ResourceType.ConntrackFlush, null, name, flush.Metadata!.Uid, null, ct);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, or another one of that name.
        }

        return ReconcileResult.Done;
    }

    /// <summary>The nodes that have an agent among those that are meant.</summary>
    private List<string> Nodes(FlushSpec spec)
    {
        var names = new List<string>();
        foreach (var node in cluster.Nodes.Store.Snapshot.Values)
        {
            var name = node.Metadata!.Name!;
            var meant = spec.NodeName is { } one ? name == one : LabelSelectors.Matches(spec.NodeSelector, NodeReading.Facts(node).Labels);
            if (meant && cluster.ConntrackNode(name) is not null)
            {
                names.Add(name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private async Task WriteAsync(ConntrackFlush flush, string name, FlushStatus status, CancellationToken ct) => _own.Wrote(name, await api.ApplyAsync(
        ResourceType.ConntrackFlush, null, name,
        new ConntrackFlush
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackFlush.KindName,
            Metadata = new ObjectMeta { Name = name, Uid = flush.Metadata!.Uid },
            Status = status,
        },
        ApiJson.Default.ConntrackFlush, ControllerOptions.FieldManager, force: true, "status", ct));

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private static bool Same(FlushStatus a, FlushStatus b) =>
        JsonSerializer.SerializeToUtf8Bytes(a, ApiJson.Default.FlushStatus).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, ApiJson.Default.FlushStatus));
}
