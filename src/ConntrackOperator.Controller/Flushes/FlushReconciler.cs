using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Work;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>Brings one flush from Pending to its end: settles the nodes, tells them by their plans, adds up, deletes it after its time.</summary>
internal sealed class FlushReconciler(ApiClient api, ClusterView cluster, ControllerOptions options, TimeProvider time)
{
    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        if (!cluster.Flushes.Store.TryGet(name, out var flush) || flush.Spec is null || flush.Metadata?.DeletionTimestamp is not null)
        {
            return ReconcileResult.Done;
        }

        return flush.Status?.Phase switch
        {
            FlushPhase.Succeeded or FlushPhase.Failed => await ExpireAsync(flush, name, ct),
            FlushPhase.Running => await AddUpAsync(flush, name, ct),
            _ => await BeginAsync(flush, name, ct),
        };
    }

    private async Task<ReconcileResult> BeginAsync(ConntrackFlush flush, string name, CancellationToken ct)
    {
        var now = Now();
        var nodes = Nodes(flush.Spec!);
        var status = nodes.Count > 0
            ? new FlushStatus
            {
                Phase = FlushPhase.Running,
                NodeNames = nodes,
                Nodes = new FlushNodeCounts { Selected = nodes.Count, Done = 0, Failed = 0 },
                Matched = 0,
                Deleted = 0,
                StartedAt = now,
            }
            : FlushJudge.Refused(
                "NoAgent",
                flush.Spec!.NodeName is { } node
                    ? $"node {node} has no agent: only nodes that a ConntrackPolicy selects have one"
                    : "the selector matches no node that has an agent: only nodes that a ConntrackPolicy selects have one",
                now);
        await WriteAsync(flush, name, status, ct);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> AddUpAsync(ConntrackFlush flush, string name, CancellationToken ct)
    {
        var now = Now();
        var elapsed = now - (flush.Status!.StartedAt ?? now);
        var progress = (flush.Status.NodeNames ?? []).ConvertAll(node => FlushJudge.Judge(
            flush.Metadata!.Uid!, node, cluster.ConntrackNode(node), cluster.Node(node) is { } machine ? NodeReading.IsReady(machine) : null, elapsed, options));
        var status = FlushJudge.Sum(flush.Status, progress, flush.Spec!.DryRun == true, now);
        if (!Same(status, flush.Status))
        {
            await WriteAsync(flush, name, status, ct);
        }

        // The bounds have to be looked at even when nobody reports.
        return status.Phase == FlushPhase.Running ? ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(5)) : ReconcileResult.Done;
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
            await api.DeleteAsync(ResourceTypes.Flush, null, name, flush.Metadata!.Uid, null, ct);
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

    private Task<ConntrackFlush> WriteAsync(ConntrackFlush flush, string name, FlushStatus status, CancellationToken ct) => api.ApplyAsync(
        ResourceTypes.Flush, null, name,
        new ConntrackFlush
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackFlush.KindName,
            Metadata = new ObjectMeta { Name = name, Uid = flush.Metadata!.Uid },
            Status = status,
        },
        ApiJson.Default.ConntrackFlush, ControllerOptions.FieldManager, force: true, "status", ct);

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private static bool Same(FlushStatus a, FlushStatus b) =>
        JsonSerializer.SerializeToUtf8Bytes(a, ApiJson.Default.FlushStatus).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, ApiJson.Default.FlushStatus));
}
