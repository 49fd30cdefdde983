using System.Text.Json;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Watching;
using ConntrackOperator.Kubernetes.Work;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Agents;

/// <summary>Runs the agents: the DaemonSet is as the template says, on the nodes that policies select or that have yet to put things back; without any of these there is none.</summary>
internal sealed class AgentReconciler(
    ApiClient api, ClusterView cluster, ResourceWatcher<DaemonSetObject> daemonSets, AgentTemplate template, ControllerOptions options, IRuntimeLog log)
{
    private string? _applied;
    private long _generation = -1;

    public async Task<ReconcileResult> ReconcileAsync(CancellationToken ct)
    {
        var policies = cluster.AllPolicies();
        var leaving = Leaving();
        var existing = daemonSets.Store.TryGet(template.Name, out var found, options.Namespace) ? found : null;
        if (policies.Count == 0 && leaving.Count == 0)
        {
            await DeleteAsync(existing, ct);
            return ReconcileResult.Done;
        }

        var terms = NodeTerms.Compute(
            policies.Where(p => PolicyValidator.Validate(p).Count == 0).Select(p => p.Spec?.NodeSelector), Terms(existing), leaving);
        var wanted = template.For(options.Namespace, terms);
        var text = wanted.ToJsonString();
        if (existing is not null && text == _applied && existing.Metadata?.Generation == _generation)
        {
            return ReconcileResult.Done;
        }

        var applied = await api.ApplyAsync(
            ResourceTypes.DaemonSet, options.Namespace, template.Name, wanted, ClusterJson.Default.JsonObject, ControllerOptions.FieldManager, force: true, null, ct);
        log.Info($"applied DaemonSet {options.Namespace}/{template.Name} with {terms.Count} node terms");
        _applied = text;
        _generation = (long?)applied["metadata"]?["generation"] ?? -1;
        return ReconcileResult.Done;
    }

    /// <summary>Nodes that no policy selects any more and whose ConntrackNode is still there.</summary>
    private List<string> Leaving()
    {
        var policies = cluster.AllPolicies().Where(p => p.Metadata?.DeletionTimestamp is null && PolicyValidator.Validate(p).Count == 0).ToList();
        var leaving = new List<string>();
        foreach (var name in cluster.ConntrackNodes.Store.Snapshot.Values.Select(n => n.Metadata!.Name!))
        {
            if (cluster.Node(name) is { } node
                && !policies.Exists(p => LabelSelectors.Matches(p.Spec?.NodeSelector, NodeReading.Facts(node).Labels)))
            {
                leaving.Add(name);
            }
        }

        leaving.Sort(StringComparer.Ordinal);
        return leaving;
    }

    private async Task DeleteAsync(DaemonSetObject? existing, CancellationToken ct)
    {
        if (existing?.Metadata is null)
        {
            return;
        }

        try
        {
            await api.DeleteAsync(ResourceTypes.DaemonSet, options.Namespace, template.Name, existing.Metadata.Uid, null, ct);
            log.Info($"deleted DaemonSet {options.Namespace}/{template.Name}: no policy needs agents");
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, or another one by now: the watch will tell.
        }

        _applied = null;
    }

    private static JsonElement? Terms(DaemonSetObject? existing)
    {
        var at = existing?.Spec;
        foreach (var step in (ReadOnlySpan<string>)["template", "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"])
        {
            at = at is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(step, out var child) ? child : null;
        }

        return at is { ValueKind: JsonValueKind.Array } ? at : null;
    }
}
