using System.Collections.Concurrent;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Work;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Keeps one node's ConntrackNode as the policies say, and tells the board how the node stands.</summary>
internal sealed class NodeReconciler(
    ApiClient api, ClusterView cluster, PolicyBoard board, FlushAssignments flushes, Action<IReadOnlyDictionary<string, bool>> touched, Action fleetChanged, TimeProvider time)
{
    /// <summary>Not quite nothing: server-side apply drops a spec whose only list is empty, and the schema wants a spec.</summary>
    private static readonly NodeSpec _nothing = new()
    {
        Settings = [],
        Pressure = new NodePressure { WarningPercent = PressureSpec.DefaultWarningPercent, CriticalPercent = PressureSpec.DefaultCriticalPercent },
    };

    /// <summary>The generation that the controller's own last write gave each ConntrackNode: the watch may be behind it.</summary>
    private readonly ConcurrentDictionary<string, (string? Uid, long Generation)> _written = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        var epoch = board.BeginPlanning(name);
        var existing = cluster.ConntrackNode(name);
        if (cluster.Node(name) is not { } node)
        {
            // The garbage collector does this too, by the owner reference; where there is none, nobody else would.
            await DeleteAsync(existing, ct);
            touched(board.Put(name, null, epoch));
            return ReconcileResult.Done;
        }

        var plan = NodePlanner.Plan(NodeReading.Facts(node), cluster.AllPolicies());
        if (plan.Policies.Count == 0)
        {
            await LeaveAsync(name, node, existing, ct);
            touched(board.Put(name, null, epoch));
            return ReconcileResult.Done;
        }

        plan = plan with { Spec = plan.Spec with { Flushes = flushes.For(name) } };
        if (!SpecComparer.Same(existing?.Spec, plan.Spec) || !IsOwned(existing!, node))
        {
            await WriteAsync(name, node, plan.Spec, ct);
            if (existing is null)
            {
                fleetChanged();
            }
        }

        touched(board.Put(name, Contribution(name, node, plan, existing), epoch));
        return ReconcileResult.Done;
    }

    private NodeContribution Contribution(string name, NodeObject node, NodePlan plan, ConntrackNode? existing)
    {
        var generation = existing?.Metadata?.Generation;
        if (_written.TryGetValue(name, out var written) && (existing is null || written.Uid == existing.Metadata?.Uid))
        {
            generation = Math.Max(generation ?? 0, written.Generation);
        }

        var ready = NodeReading.IsReady(node);
        var now = time.GetUtcNow();
        return new NodeContribution(
            NodeUsage.From(existing?.Status),
            plan.Policies.ToDictionary(p => p, p => NodeVerdict.Judge(p, plan.Spec, generation, existing, ready, now), StringComparer.Ordinal),
            plan.Conflicts);
    }

    /// <summary>No policy selects the node any more: its settings are put back, then its object goes.</summary>
    private async Task LeaveAsync(string name, NodeObject node, ConntrackNode? existing, CancellationToken ct)
    {
        if (existing is null)
        {
            _written.TryRemove(name, out _);
            return;
        }

        if (!SpecComparer.Same(existing.Spec, _nothing))
        {
            await WriteAsync(name, node, _nothing, ct);
            fleetChanged();
        }
        else if (HasLetGo(existing))
        {
            await DeleteAsync(existing, ct);
            fleetChanged();
        }
    }

    /// <summary>Whether the agent has seen the empty plan and nothing is left to be put back. Without a status no agent has ever set anything.</summary>
    internal static bool HasLetGo(ConntrackNode node) =>
        node.Status is not { } status
        || (status.ObservedGeneration >= node.Metadata?.Generation && status.Settings is null or { Count: 0 });

    private async Task WriteAsync(string name, NodeObject node, NodeSpec spec, CancellationToken ct)
    {
        var written = await api.ApplyAsync(
            ResourceTypes.ConntrackNode, null, name,
            new ConntrackNode
            {
                ApiVersion = ApiGroup.ApiVersion,
                Kind = ConntrackNode.KindName,
                Metadata = new ObjectMeta
                {
                    Name = name,
                    OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = name, Uid = node.Metadata?.Uid }],
                },
                Spec = spec,
            },
            ApiJson.Default.ConntrackNode, ControllerOptions.FieldManager, force: true, null, ct);
        _written[name] = (written.Metadata?.Uid, written.Metadata?.Generation ?? 0);
    }

    private async Task DeleteAsync(ConntrackNode? existing, CancellationToken ct)
    {
        if (existing?.Metadata is not { Name: { } name } metadata)
        {
            return;
        }

        try
        {
            await api.DeleteAsync(ResourceTypes.ConntrackNode, null, name, metadata.Uid, null, ct);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, or another object by now: the watch will tell.
        }

        _written.TryRemove(name, out _);
    }

    private static bool IsOwned(ConntrackNode existing, NodeObject node) =>
        existing.Metadata?.OwnerReferences?.Exists(o => o.Kind == "Node" && o.Uid == node.Metadata?.Uid) ?? false;
}
