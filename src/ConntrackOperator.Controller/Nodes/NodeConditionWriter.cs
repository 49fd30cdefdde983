using System.Collections.Concurrent;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>
/// Keeps the condition ConntrackPressure of a Node: written where a plan asks for it and only when its status or reason changes, no more
/// often than a policy's usage; taken away where none asks for it any more. Without the right to do so an event on the policy says what
/// gives it.
/// </summary>
/// <param name="context">What all controllers share.</param>
internal sealed class NodeConditionWriter(ControllerContext context)
{
    /// <summary>A manager of its own: what this one states of a Node is this condition and nothing else.</summary>
    private const string FieldManager = "conntrack-controller-node-condition";

    private readonly MutationCache<NodeObject> _mutations = new(context.Time);

    private readonly ConcurrentDictionary<string, long> _writtenAt = new(StringComparer.Ordinal);

    private readonly RefusedWrites _refused = new(context.Time);

    /// <summary>The node is gone.</summary>
    public void Forget(string name)
    {
        _mutations.Forget(name);
        _refused.Forget(name);
        _writtenAt.TryRemove(name, out _);
    }

    /// <summary>Brings the condition in line.</summary>
    /// <param name="node">The node as last seen.</param>
    /// <param name="plan">Its ConntrackNode; null: there is none.</param>
    /// <param name="reports">Whether there is an agent that reports.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>When to look again, after a refusal or when the last write was just now; null: all is as it should be.</returns>
    /// <exception cref="ApiException">It may not have been written: to be tried again.</exception>
    public async Task<TimeSpan?> WriteAsync(NodeObject node, ConntrackNode? plan, bool reports, CancellationToken cancellationToken)
    {
        var name = node.Metadata!.Name!;
        var wanted = PressureCondition.Wanted(plan, reports);
        var present = PressureCondition.Own(
            _mutations.Newest(name, node) is { } newest && newest.Metadata?.Uid == node.Metadata.Uid ? newest : node);
        if (PressureCondition.Same(wanted, present))
        {
            _refused.Forget(name);
            return null;
        }

        // A change of the ConntrackNode's spec, such as by an edit of the policy, is tried at once.
        if (_refused.Waits(name, plan?.Metadata?.Generation) is var (left, _))
        {
            return left;
        }

        // An agent that reports another pressure all the time does not have Nodes written all the time.
        if (wanted is not null && present is not null && _writtenAt.TryGetValue(name, out var at)
            && context.Options.UsageGap - context.Time.GetElapsedTime(at) is var early && early > TimeSpan.Zero)
        {
            return early;
        }

        try
        {
            _writtenAt[name] = context.Time.GetTimestamp();
            var body = PressureCondition.Body(node, plan, wanted, present, context.Time.GetUtcNow());
            var written = await context.Api.ApplyAsync(
                ResourceType.Node, null, name, body, ClusterJson.Default.JsonObject, FieldManager, force: true, "status",
                cancellationToken);
            _mutations.Wrote(name, context.Cluster.Compact(written.Deserialize(ClusterJson.Default.NodeObject)!));
            _refused.Forget(name);
            return null;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refused.Refused(name, plan?.Metadata?.Generation, e.Message);
            context.Log.NodeConditionRefused(e, name, wait.TotalSeconds, e.Message);
            if (plan?.Spec?.Pressure?.Policy is { } policy && context.Cluster.Policy(policy) is { } asked)
            {
                context.Events.Record(
                    ObjectReference.To(asked, ConntrackPolicy.KindName, ApiGroup.ApiVersion), EventType.Warning, "NodeConditionRefused",
                    "Apply",
                    BoundedText.Of("pressure.nodeCondition: the controller may not write the status of Nodes; helm upgrade with "
                        + $"controller.nodeConditions=true gives the right. {e.Message}", 512)!,
                    "NodeConditionRefused");
            }

            return wait;
        }
    }
}
