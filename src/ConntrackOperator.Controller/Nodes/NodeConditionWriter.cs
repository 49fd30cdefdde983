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

    /// <summary>The key of what holds for all nodes; no node has that name.</summary>
    private const string AllNodes = "";

    private static readonly TimeSpan _again = TimeSpan.FromSeconds(2);

    // A hundred at once, then 50 a second: each write goes to everybody in the cluster who watches Nodes.
    private readonly TokenBucket _pace = new(100, TimeSpan.FromMilliseconds(20), context.Time);

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
    /// <param name="agent">Whether there is an agent that reports, and has since this controller began.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>When to look again, after a refusal or when the last write was just now; null: all is as it should be.</returns>
    /// <exception cref="ApiException">It may not have been written: to be tried again.</exception>
    public async Task<ConditionWait?> WriteAsync(
        NodeObject node, ConntrackNode? plan, (bool Reports, bool HasNews) agent, CancellationToken cancellationToken)
    {
        var name = node.Metadata!.Name!;
        var wanted = PressureCondition.Wanted(plan, agent.Reports);
        var seen = _mutations.Newest(name, node) is { } newest && newest.Metadata?.Uid == node.Metadata.Uid ? newest : node;
        var present = PressureCondition.Own(seen);
        if (PressureCondition.Same(wanted, present))
        {
            _refused.Forget(name);
            return null;
        }

        if (wanted is not null && present is null && NodeReading.Condition(seen, NodeReading.PressureCondition) is not null)
        {
            // Another program's: two that write the same condition would never end.
            return null;
        }

        if (present?.Status == "Unknown" && wanted is { Status: not "Unknown" } && !agent.HasNews)
        {
            // Known from before this controller began: it may be hours old. The next report brings it.
            return null;
        }

        // A right that is lacking is lacking for all nodes. What somebody refuses for one is tried again at once after an edit of the
        // policy.
        if ((_refused.Waits(AllNodes, null) ?? _refused.Waits(name, plan?.Metadata?.Generation)) is var (left, _))
        {
            return new ConditionWait(left, IsRefused: true);
        }

        // Whoever reports another pressure all the time, or takes the condition away, does not have Nodes written all the time.
        if (wanted is not null && _writtenAt.TryGetValue(name, out var at)
            && context.Options.UsageGap - context.Time.GetElapsedTime(at) is var early && early > TimeSpan.Zero)
        {
            return new ConditionWait(early, IsRefused: false);
        }

        if (!MayWrite())
        {
            return new ConditionWait(_again * (1 + Random.Shared.NextDouble()), IsRefused: false);
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
            _refused.Forget(AllNodes);
            return null;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = e.Code == 403
                ? _refused.Refused(AllNodes, null, e.Message)
                : _refused.Refused(name, plan?.Metadata?.Generation, e.Message);
            context.Log.NodeConditionRefused(e, name, wait.TotalSeconds, e.Message);
            if (plan?.Spec?.Pressure?.Policy is { } policy && context.Cluster.Policy(policy) is { } asked)
            {
                context.Events.Record(
                    ObjectReference.To(asked, ConntrackPolicy.KindName, ApiGroup.ApiVersion), EventType.Warning,
                    EventReasons.NodeConditionRefused,
                    EventActions.Apply,
                    BoundedText.Of("pressure.nodeCondition: the controller may not write the status of Nodes (patch nodes/status); "
                        + $"helm upgrade with controller.nodeConditions=true gives the right. {e.Message}", 512)!,
                    EventReasons.NodeConditionRefused);
            }

            return new ConditionWait(wait, IsRefused: true);
        }
    }

    private bool MayWrite()
    {
        lock (_pace)
        {
            return _pace.TryTake();
        }
    }
}
