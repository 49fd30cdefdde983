using System.Collections.Concurrent;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Keeps one node's ConntrackNode as the policies say, and tells the aggregator how the node is.</summary>
/// <param name="context">What all controllers share.</param>
/// <param name="aggregator">Who adds up.</param>
internal sealed class NodeReconciler(ControllerContext context, PolicyStatusAggregator aggregator)
{
    /// <summary>
    /// A plan without settings. Not quite empty: server-side apply drops a spec whose only list is empty, and the schema wants a spec.
    /// </summary>
    private static readonly NodeSpec _emptyPlan = new()
    {
        Settings = [],
        Pressure = new NodePressure
        {
            WarningPercent = PressureSpec.DefaultWarningPercent,
            CriticalPercent = PressureSpec.DefaultCriticalPercent,
        },
    };

    private readonly ConntrackNodeWriter _writer = new(context);

    private readonly NodeConditionWriter _conditions = new(context);

    private readonly FlushAssignments _flushes = new(context.Cluster.Flushes.Store);

    private readonly ReportAgeTracker _reportAges = new(context.Time);

    private readonly RefusedWrites _refused = new(context.Time);

    /// <summary>Since when a node that no policy selects any more is waited for though no agent has ever reported there.</summary>
    private readonly ConcurrentDictionary<string, long> _unreportedSince = new(StringComparer.Ordinal);

    /// <summary>One pass over one node.</summary>
    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        using var pass = new PlanningPass(aggregator, name);
        var existing = await _writer.ReadAsync(name, cancellationToken);
        var reportAge = _reportAges.Of(name, existing);
        if (context.Cluster.Node(name) is not { } node)
        {
            pass.NotSelected();
            _unreportedSince.TryRemove(name, out _);
            _refused.Forget(name);
            _conditions.Forget(name);
            _reportAges.Forget(name);

            // The garbage collector does this too, by the owner reference; where there is none, nobody else would.
            await DeleteAsync(existing, null, cancellationToken);
            return ReconcileResult.Done;
        }

        var policies = context.Cluster.ValidPolicies();
        var plan = NodePlanner.PlanValid(NodeReading.Facts(node), policies);
        if (plan.Policies.Count == 0)
        {
            pass.NotSelected();
            return await ReleaseAsync(node, existing, cancellationToken);
        }

        _unreportedSince.TryRemove(name, out _);
        plan = plan with { Spec = plan.Spec with { Flushes = _flushes.For(name) } };
        var isReadable = !context.Cluster.ConntrackNodes.Undecodable.ContainsKey(new ObjectKey(null, name));
        var observed = new NodeObservation(existing, NodeReading.IsReady(node), reportAge, isReadable);
        var decision = pass.Decide(plan, policies, observed, context.Time.GetUtcNow());
        if (!SpecComparer.Same(existing?.Spec, decision.Spec) || !IsOwned(existing!, node))
        {
            var generations = policies.Where(p => plan.Policies.Contains(p.Metadata!.Name!)).Sum(p => p.Metadata!.Generation);
            if (_refused.Waits(name, generations) is var (left, why))
            {
                pass.Refused(why);
                return ReconcileResult.RequeueAfter(left);
            }

            try
            {
                existing = await _writer.WriteAsync(
                    node, decision.Spec, RolloutCheckpoints.Annotations(decision.Checkpoints), cancellationToken);
            }
            catch (ApiException e) when (e.IsRefused)
            {
                pass.Refused(e.Message);
                var wait = _refused.Refused(name, generations, e.Message);
                context.Log.PlanRefused(e, name, wait.TotalSeconds, e.Message);
                return ReconcileResult.RequeueAfter(wait);
            }

            _refused.Forget(name);
        }

        var summary = pass.Written(existing!);

        var agent = (observed.IsAvailable, _reportAges.HasNews(name));
        var again = (await _conditions.WriteAsync(node, existing, agent, cancellationToken))?.After;

        // No event would come when the time is over in which a node that became unavailable keeps its slot.
        if (!decision.IsAvailable && summary.IsChanging && (again is null || again > NodeRolloutState.LostNodeKeepsSlotFor))
        {
            again = NodeRolloutState.LostNodeKeepsSlotFor;
        }

        return again is { } after ? ReconcileResult.RequeueAfter(after) : ReconcileResult.Done;
    }

    /// <summary>Whether nothing is left to be put back, as far as the agent has ever reported.</summary>
    internal static bool IsReleased(ConntrackNode node) =>
        node.Status is not { } status
        || (status.ObservedGeneration >= node.Metadata?.Generation && status.Settings is null or { Count: 0 });

    /// <summary>No policy selects the node any more: its settings are put back, then its ConntrackNode is deleted.</summary>
    private async Task<ReconcileResult> ReleaseAsync(NodeObject node, ConntrackNode? existing, CancellationToken cancellationToken)
    {
        var name = node.Metadata!.Name!;
        if (existing is null)
        {
            _unreportedSince.TryRemove(name, out _);
            return await _conditions.WriteAsync(node, null, default, cancellationToken) is { } again
                ? ReconcileResult.RequeueAfter(again.After)
                : ReconcileResult.Done;
        }

        if (!SpecComparer.Same(existing.Spec, _emptyPlan))
        {
            existing = await _writer.WriteAsync(node, _emptyPlan, null, cancellationToken);
        }

        // Before its ConntrackNode goes: whoever waits for that, such as the uninstallation, need not look at Nodes. But a write that is
        // refused or fails keeps nobody; it is made again once the ConntrackNode is gone.
        try
        {
            if (await _conditions.WriteAsync(node, existing, default, cancellationToken) is { IsRefused: false } early)
            {
                return ReconcileResult.RequeueAfter(early.After);
            }
        }
        catch (ApiException e)
        {
            context.Log.NodeConditionPutOff(e, name, e.Message);
        }

        if (existing.Status is null)
        {
            // An agent may have set something and not have got its first report through.
            var since = _unreportedSince.GetOrAdd(name, _ => context.Time.GetTimestamp());
            var left = context.Options.RestoreTimeout - context.Time.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
            {
                return ReconcileResult.RequeueAfter(left);
            }
        }

        if (IsReleased(existing))
        {
            _unreportedSince.TryRemove(name, out _);
            _refused.Forget(name);

            // This version of it alone: a report, or a new plan, that came in between changes everything.
            await DeleteAsync(existing, existing.Metadata?.ResourceVersion, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    private Task DeleteAsync(ConntrackNode? existing, string? resourceVersion, CancellationToken cancellationToken) =>
        existing is null ? Task.CompletedTask : _writer.DeleteAsync(existing, resourceVersion, cancellationToken);

    private static bool IsOwned(ConntrackNode existing, NodeObject node) =>
        existing.Metadata?.OwnerReferences?.Exists(o => o.Kind == "Node" && o.Uid == node.Metadata?.Uid) ?? false;
}
