using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Agents;

/// <summary>
/// Runs the agents: the DaemonSet is as the template says, on the nodes that policies select or that have yet to put things back;
/// without any of these there is none.
/// </summary>
/// <remarks>
/// A change of the pod template starts every agent anew. So the nodes' terms only grow while the template is the same, and what is no
/// longer needed goes with the next change of the template, when the agents start anyway. An agent on a node that nothing selects any
/// more has no plan and does nothing.
/// </remarks>
internal sealed class AgentReconciler(
    ControllerContext context, Informer<DaemonSetObject> daemonSets, AgentTemplate template, DeploymentOwner owner)
{
    /// <summary>So many terms are kept; more than that, by the name of node after node, and those that are not needed go.</summary>
    private const int KeptTerms = 64;

    private static readonly string[] _pathOfTerms =
        ["template", "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];

    // What was applied last, and what the server made of it: another generation is somebody else's doing.
    private string? _applied;
    private JsonArray? _terms;
    private string? _uid;
    private long _generation;

    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var policies = context.Cluster.ValidPolicies();
        var existing = daemonSets.Store.TryGet(template.Name, out var found, context.Options.Namespace) ? found : null;
        var leaving = context.Cluster.Leaving(policies);

        // Policies that are being deleted count: their nodes have to put things back.
        var known = (existing?.Metadata?.Uid == _uid ? _terms : null) ?? Terms(existing);
        var terms = NodeAffinityTerms.Compute(policies.Select(p => p.Spec?.NodeSelector), known, leaving);
        if (terms.Count == 0)
        {
            await DeleteAsync(existing, cancellationToken);
            return ReconcileResult.Done;
        }

        if (known is not null && template.IsSame(existing) && NodeAffinityTerms.Grow(known, terms) is { Count: <= KeptTerms } grown)
        {
            terms = grown;
        }

        var text = template.For(context.Options.Namespace, terms, null).ToJsonString();
        var isForeign = existing is not null && (existing.Metadata?.Uid != _uid || existing.Metadata?.Generation > _generation);
        if (existing is not null && !isForeign && text == _applied && template.LabelsAreOn(existing) && owner.IsOn(existing))
        {
            return ReconcileResult.Done;
        }

        // Read anew: a Deployment that was made again under its name is another owner, and one that is gone takes the DaemonSet along.
        var wanted = template.For(context.Options.Namespace, terms, await owner.FindAsync(cancellationToken));
        var applied = await context.ApplyAsync(
            ResourceType.DaemonSet, context.Options.Namespace, template.Name, wanted, ClusterJson.Default.JsonObject, null,
            cancellationToken);
        if (isForeign)
        {
            // What somebody else added to it, server-side apply leaves alone; of that a restart is what people may ask for.
            AgentTemplate.KeepRestart(applied, wanted);
            applied = await context.Api.PatchAsync(
                ResourceType.DaemonSet, context.Options.Namespace, template.Name, PatchKind.Json,
                SpecPatch.Replace(
                    (string?)applied["metadata"]?["uid"], wanted["spec"]!.DeepClone(), (string?)applied["metadata"]?["resourceVersion"]),
                ClusterJson.Default.JsonObject, null, cancellationToken, ControllerOptions.FieldManager);
        }

        context.Log.DaemonSetApplied($"{context.Options.Namespace}/{template.Name}", terms.Count);
        _applied = text;
        _terms = (JsonArray)terms.DeepClone();
        _uid = (string?)applied["metadata"]?["uid"];
        _generation = (long?)applied["metadata"]?["generation"] ?? 0;
        return ReconcileResult.Done;
    }

    private async Task DeleteAsync(DaemonSetObject? existing, CancellationToken cancellationToken)
    {
        if (existing?.Metadata is null)
        {
            return;
        }

        try
        {
            await context.Api.DeleteAsync(
                ResourceType.DaemonSet, context.Options.Namespace, template.Name, existing.Metadata.Uid, null, cancellationToken);
            context.Log.DaemonSetDeleted($"{context.Options.Namespace}/{template.Name}");
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone already. A conflict, another one by now, is looked at again.
        }

        (_applied, _terms, _uid, _generation) = (null, null, null, 0);
    }

    private static JsonArray? Terms(DaemonSetObject? existing)
    {
        var at = existing?.Spec;
        foreach (var name in _pathOfTerms)
        {
            at = at is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var child) ? child : null;
        }

        return at is { ValueKind: JsonValueKind.Array } array ? JsonArray.Create(array) : null;
    }
}
