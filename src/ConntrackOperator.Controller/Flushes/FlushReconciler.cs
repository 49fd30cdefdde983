using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>
/// Brings one flush from Pending to its end: settles the nodes, tells them by their plans, adds up, deletes it after its time.
/// </summary>
internal sealed class FlushReconciler(ControllerContext context)
{
    private static readonly TimeSpan _checkAgainAfter = TimeSpan.FromSeconds(5);

    private readonly MutationCache<ConntrackFlush> _mutations = new(context.Time);
    private readonly FlushTimes _durations = new(context.Time);
    private readonly RefusedWrites _refused = new(context.Time);

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        var seen = context.Cluster.Flushes.Store.TryGet(name, out var stored) ? stored : null;
        if (_mutations.Newest(name, seen) is not { Spec: not null, Metadata: { DeletionTimestamp: null, Uid: { } uid } } flush)
        {
            _mutations.Forget(name);
            _durations.Forget(name);
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
                FlushPhase.Succeeded or FlushPhase.Failed => await ExpireAsync(flush, name, cancellationToken),
                FlushPhase.Running => await SumUpAsync(flush, name, cancellationToken),
                _ => await BeginAsync(flush, name, cancellationToken),
            };
            _refused.Forget(uid);
            return result;
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refused.Refused(uid, flush.Metadata.Generation, e.Message);
            context.Log.FlushStatusRefused(e, name, wait.TotalSeconds, e.Message);
            context.Events.Record(
                ObjectReference.To(flush, ConntrackFlush.KindName, ApiGroup.ApiVersion), EventType.Warning, EventReasons.StatusRefused,
                EventActions.Report,
                $"its status can't be written, so it does not get on: {e.Message}", EventReasons.StatusRefused);
            return ReconcileResult.RequeueAfter(wait);
        }
    }

    private async Task<ReconcileResult> BeginAsync(ConntrackFlush flush, string name, CancellationToken cancellationToken)
    {
        var now = Now();
        var nodes = Nodes(flush.Spec!);
        var full = nodes.Count <= FlushEvaluator.MostNodes ? Full(nodes, name) : [];
        var status = nodes.Count == 0
            ? FlushEvaluator.Refused(
                FlushConditionReasons.NoAgent,
                flush.Spec!.NodeName is { } node
                    ? context.Cluster.Nodes.Store.Snapshot.Values.Any(n => n.Metadata!.Name == node)
                        ? $"node {node} has no agent: only nodes that a ConntrackPolicy selects have one"
                        : $"there is no node {node}"
                    : "the selector matches no node that has an agent: only nodes that a ConntrackPolicy selects have one",
                now)
            : nodes.Count > FlushEvaluator.MostNodes
            ? FlushEvaluator.Refused(
                FlushConditionReasons.TooManyNodes,
                $"spec.nodeSelector matches {nodes.Count} nodes that have an agent, and a flush is for {FlushEvaluator.MostNodes} at "
                    + "most: narrow it down, and make several flushes",
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
            await WriteAsync(flush, name, status, cancellationToken);
        }

        // Whoever ends calls those that wait; this is in case that goes unheard.
        return status.Phase == FlushPhase.Pending ? ReconcileResult.RequeueAfter(_checkAgainAfter * 6) : ReconcileResult.Done;
    }

    /// <summary>Those of the nodes that have as many flushes to do as their plans can hold.</summary>
    private List<string> Full(List<string> nodes, string name)
    {
        var busy = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (key, item) in context.Cluster.Flushes.Store.Snapshot)
        {
            if (key.Name != name && _mutations.Newest(key.Name, item) is { } other && FlushAssignments.IsRunning(other))
            {
                foreach (var node in other.Status!.NodeNames ?? [])
                {
                    busy[node] = busy.GetValueOrDefault(node) + 1;
                }
            }
        }

        return busy.Count == 0 ? [] : nodes.FindAll(node => busy.GetValueOrDefault(node) >= FlushAssignments.AtOnce);
    }

    private async Task<ReconcileResult> SumUpAsync(ConntrackFlush flush, string name, CancellationToken cancellationToken)
    {
        var now = Now();
        var elapsed = _durations.SinceStart(
            name, flush.Metadata!.Uid!, now - (flush.Status!.StartedAt ?? now), context.Options.FlushTimeout);
        var reported = (flush.Status.Results ?? []).Where(r => r.Name is not null).GroupBy(r => r.Name!, StringComparer.Ordinal)
            .ToDictionary(r => r.Key, r => r.First(), StringComparer.Ordinal);
        var progress = (flush.Status.NodeNames ?? []).ConvertAll(node => reported.TryGetValue(node, out var result)
            ? FlushEvaluator.Judge(result, flush.Status.Failures)
            : FlushEvaluator.Judge(
                flush.Metadata.Uid!,
                node, context.Cluster.ConntrackNode(node), context.Cluster.Node(node) is { } machine ? NodeReading.IsReady(machine) : null,
                elapsed, context.Options));
        var status = FlushEvaluator.Sum(flush.Status, progress, flush.Spec!.DryRun == true, now);
        if (!Same(status, flush.Status))
        {
            await WriteAsync(flush, name, status, cancellationToken);
        }

        // The bounds have to be looked at even when nobody reports.
        return status.Phase == FlushPhase.Running ? ReconcileResult.RequeueAfter(_checkAgainAfter) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> ExpireAsync(ConntrackFlush flush, string name, CancellationToken cancellationToken)
    {
        if (flush is not { Spec.TtlSecondsAfterFinished: { } ttl, Status.FinishedAt: { } finished })
        {
            return ReconcileResult.Done;
        }

        var left = finished + TimeSpan.FromSeconds(ttl) - context.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.RequeueAfter(left < context.Options.Resync ? left : context.Options.Resync);
        }

        try
        {
            await context.Api.DeleteAsync(ResourceType.ConntrackFlush, null, name, flush.Metadata!.Uid, null, cancellationToken);
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
        foreach (var node in context.Cluster.Nodes.Store.Snapshot.Values)
        {
            var name = node.Metadata!.Name!;
            var meant = spec.NodeName is { } one ? name == one : LabelSelectors.Matches(spec.NodeSelector, NodeReading.Facts(node).Labels);
            if (meant && context.Cluster.ConntrackNode(name) is not null)
            {
                names.Add(name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private async Task WriteAsync(ConntrackFlush flush, string name, FlushStatus status, CancellationToken cancellationToken)
    {
        var stated = ApplyEnvelope.Flush(new ObjectMeta { Name = name, Uid = flush.Metadata!.Uid }) with { Status = status };
        _mutations.Wrote(
            name,
            await context.ApplyAsync(
                ResourceType.ConntrackFlush, null, name, stated, ApiJson.Default.ConntrackFlush, "status", cancellationToken));
    }

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(context.Time.GetUtcNow().ToUnixTimeSeconds());

    private static bool Same(FlushStatus a, FlushStatus b) =>
        JsonSerializer.SerializeToUtf8Bytes(a, ApiJson.Default.FlushStatus).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, ApiJson.Default.FlushStatus));
}
