using System.Collections.Concurrent;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Keeps one node's ConntrackNode as the policies say, and tells the board how the node stands.</summary>
internal sealed class NodeReconciler(
    ApiClient api, ClusterCache cluster, PolicyStatusAggregator board, ControllerOptions options, FlushAssignments flushes, Action<RequeueSet> changed, Action fleetChanged,
    IRuntimeLog log, TimeProvider time)
{
    /// <summary>Not quite nothing: server-side apply drops a spec whose only list is empty, and the schema wants a spec.</summary>
    private static readonly NodeSpec _nothing = new()
    {
        Settings = [],
        Pressure = new NodePressure { WarningPercent = PressureSpec.DefaultWarningPercent, CriticalPercent = PressureSpec.DefaultCriticalPercent },
    };

    private readonly MutationCache<ConntrackNode> _own = new(time);

    private readonly ReportAgeTracker _reports = new(time);

    private readonly RefusedWrites _refused = new(time);

    /// <summary>Since when a node that leaves is waited for though no agent has ever reported there.</summary>
    private readonly ConcurrentDictionary<string, long> _unheard = new(StringComparer.Ordinal);

    /// <summary>Nodes whose last write failed, and may have landed all the same: a rollout must not give such a place away on the word of a watch that is behind.</summary>
    private readonly ConcurrentDictionary<string, bool> _unsure = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        var epoch = board.BeginPlanning();
        var existing = _unsure.ContainsKey(name) ? await ReadAsync(name, ct) : _own.Newest(name, cluster.ConntrackNode(name));
        var age = _reports.Of(name, existing);
        var isReadable = !cluster.ConntrackNodes.Undecodable.ContainsKey(new ObjectKey(null, name));
        NodeStatusSummary? contribution = null;
        try
        {
            if (cluster.Node(name) is not { } node)
            {
                // The garbage collector does this too, by the owner reference; where there is none, nobody else would.
                await DeleteAsync(name, existing, null, ct);
                return ReconcileResult.Done;
            }

            var policies = cluster.ValidPolicies();
            var plan = NodePlanner.PlanValid(NodeReading.Facts(node), policies);
            if (plan.Policies.Count == 0)
            {
                return await LeaveAsync(name, node, existing, ct);
            }

            plan = plan with { Spec = plan.Spec with { Flushes = flushes.For(name) } };
            _unheard.TryRemove(name, out _);
            var isReady = NodeReading.IsReady(node);
            var now = time.GetUtcNow();
            var step = RolloutDecision.Decide(board, epoch, name, plan, policies, existing, NodeEvaluator.IsThere(existing, isReady, age, isReadable), now);
            if (!SpecComparer.Same(existing?.Spec, step.Spec) || !IsOwned(existing!, node))
            {
                // Should the write fail, then this is how the node stands.
                contribution = NodeStatusSummary.Of(plan, step, existing, isReady, age, isReadable, isWritten: false);
                var isNew = existing is null;
                var generations = policies.Where(p => plan.Policies.Contains(p.Metadata!.Name!)).Sum(p => p.Metadata!.Generation);
                if (_refused.Waits(name, generations) is var (left, why))
                {
                    contribution = contribution.Refused(why);
                    return ReconcileResult.RequeueAfter(left);
                }

                try
                {
                    existing = await WriteAsync(name, node, step.Spec, RolloutCheckpoints.Annotations(step.Marks), ct);
                }
                catch (ApiException e) when (e.IsRefused)
                {
                    // Nothing of it has landed.
                    _unsure.TryRemove(name, out _);
                    contribution = contribution.Refused(e.Message);
                    var wait = _refused.Refused(name, generations, e.Message);
                    log.Warn(FormattableString.Invariant($"The plan of node {name} was refused, again in {wait.TotalSeconds:0} s: {e.Message}"), e);
                    return ReconcileResult.RequeueAfter(wait);
                }

                _refused.Forget(name);
                if (isNew)
                {
                    fleetChanged();
                }
            }

            contribution = NodeStatusSummary.Of(plan, step, existing, isReady, age, isReadable, isWritten: true);

            // Nothing else would come up when the time is over in which a node that went away keeps its place.
            return !step.IsThere && contribution.Shares.Values.Any(s => s.Rollout.IsChanging)
                ? ReconcileResult.RequeueAfter(NodeRolloutState.WaitsForLost)
                : ReconcileResult.Done;
        }
        finally
        {
            changed(board.Put(name, contribution, epoch));
        }
    }

    /// <summary>No policy selects the node any more: its settings are put back, then its object goes.</summary>
    private async Task<ReconcileResult> LeaveAsync(string name, NodeObject node, ConntrackNode? existing, CancellationToken ct)
    {
        if (existing is null)
        {
            _unheard.TryRemove(name, out _);
            return ReconcileResult.Done;
        }

        if (!SpecComparer.Same(existing.Spec, _nothing))
        {
            existing = await WriteAsync(name, node, _nothing, null, ct);
            fleetChanged();
        }

        if (existing.Status is null && time.GetElapsedTime(_unheard.GetOrAdd(name, _ => time.GetTimestamp())) is var waited && waited < options.RestoreTimeout)
        {
            // An agent may have set something and not have got its first report through.
            return ReconcileResult.RequeueAfter(options.RestoreTimeout - waited);
        }

        if (HasLetGo(existing))
        {
            // This version of it alone: a report, or a new plan, that came in between changes everything.
            await DeleteAsync(name, existing, existing.Metadata?.ResourceVersion, ct);
            fleetChanged();
        }

        return ReconcileResult.Done;
    }

    /// <summary>Whether nothing is left to be put back, as far as the agent has ever said anything.</summary>
    internal static bool HasLetGo(ConntrackNode node) =>
        node.Status is not { } status
        || (status.ObservedGeneration >= node.Metadata?.Generation && status.Settings is null or { Count: 0 });

    /// <summary>As the server has it now. A list of one: the controller has no other need of the right to get.</summary>
    private async Task<ConntrackNode?> ReadAsync(string name, CancellationToken ct)
    {
        var list = await api.ListAsync(ResourceType.ConntrackNode, null, new ListQuery { FieldSelector = "metadata.name=" + name }, ApiJson.Default.ConntrackNode, ct);
        var found = list.Items.FirstOrDefault(n => n.Metadata?.Name == name);
        if (found is null)
        {
            _own.Forget(name);
        }
        else
        {
            _own.Wrote(name, found = cluster.Compact(found));
        }

        _unsure.TryRemove(name, out _);
        return found;
    }

    private async Task<ConntrackNode> WriteAsync(
        string name, NodeObject node, NodeSpec spec, Dictionary<string, string>? annotations, CancellationToken ct)
    {
        _unsure[name] = true;
        var written = await api.ApplyAsync(
            ResourceType.ConntrackNode, null, name,
            new ConntrackNode
            {
                ApiVersion = ApiGroup.ApiVersion,
                Kind = ConntrackNode.KindName,
                Metadata = new ObjectMeta
                {
                    Name = name,
                    Annotations = annotations,
                    OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = name, Uid = node.Metadata?.Uid }],
                },
                Spec = spec,
            },
            ApiJson.Default.ConntrackNode, ControllerOptions.FieldManager, force: true, null, ct);
        if (!SpecComparer.Same(written.Spec, spec))
        {
            // What somebody else added to the plan, server-side apply leaves alone.
            written = await api.PatchAsync(
                ResourceType.ConntrackNode, null, name, PatchKind.Json,
                SpecPatch.Replace(written.Metadata?.Uid, JsonSerializer.SerializeToNode(spec, ApiJson.Default.NodeSpec)!),
                ApiJson.Default.ConntrackNode, null, ct, ControllerOptions.FieldManager);
        }

        _own.Wrote(name, written = cluster.Compact(written));
        _unsure.TryRemove(name, out _);
        return written;
    }

    private async Task DeleteAsync(string name, ConntrackNode? existing, string? resourceVersion, CancellationToken ct)
    {
        _unheard.TryRemove(name, out _);
        _refused.Forget(name);
        if (existing is null)
        {
            return;
        }

        try
        {
            await api.DeleteAsync(ResourceType.ConntrackNode, null, name, existing.Metadata?.Uid, resourceVersion, ct);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone already. A conflict, another object or version by now, is looked at again.
        }

        _own.Forget(name);
    }

    private static bool IsOwned(ConntrackNode existing, NodeObject node) =>
        existing.Metadata?.OwnerReferences?.Exists(o => o.Kind == "Node" && o.Uid == node.Metadata?.Uid) ?? false;
}
