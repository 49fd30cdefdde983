using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>From what a node reports to how it is with regard to each policy. Pure.</summary>
internal static class NodeEvaluator
{
    /// <summary>An agent reports every 10 minutes at the latest: after twice that and a little it is not there.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromMinutes(25);

    /// <summary>How long a new node may take until its agent reports first.</summary>
    public static readonly TimeSpan FirstReportWithin = TimeSpan.FromMinutes(5);

    /// <summary>How much of a node's message is passed on, in characters.</summary>
    public const int MessageLength = 512;

    /// <summary>How one node is with regard to one policy: the first of these that holds.</summary>
    /// <param name="policy">The policy's name.</param>
    /// <param name="plan">The plan as the controller wrote it.</param>
    /// <param name="generation">The generation of that plan.</param>
    /// <param name="observed">What is known of the node.</param>
    /// <param name="waits">Whether a rollout holds back what the policy changes here.</param>
    public static NodePolicyStatus Evaluate(
        string policy, NodeSpec plan, long? generation, NodeObservation observed, bool waits = false)
    {
        var node = observed.Object;
        if (!observed.IsReady)
        {
            return new NodePolicyStatus(NodePolicyState.Unreachable, PolicyFailureReasons.NodeNotReady, "the node is not ready");
        }

        if (!observed.IsReadable)
        {
            return new NodePolicyStatus(
                NodePolicyState.Failed, PolicyFailureReasons.ReportUnreadable,
                "what the agent has reported can't be read: the controller's log says why");
        }

        if (Silence(node, observed.ReportAge) is { } silence)
        {
            return silence;
        }

        if (plan.Refused?.FirstOrDefault(r => r.Policy == policy) is { } refused)
        {
            return new NodePolicyStatus(NodePolicyState.Failed, refused.Reason, refused.Message);
        }

        return waits ? Waiting(policy, node?.Status) : Applied(policy, generation, node);
    }

    /// <summary>How a planned node is with regard to all policies that select it.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="decision">How much of it the node is given now.</param>
    /// <param name="observed">What is known of the node, with its ConntrackNode as last seen or written.</param>
    /// <param name="isWritten">Whether the decision is known to be in the ConntrackNode.</param>
    public static NodeStatusSummary Summarize(NodePlan plan, RolloutDecision decision, NodeObservation observed, bool isWritten)
    {
        var generation = isWritten ? observed.Object?.Metadata?.Generation : long.MaxValue;
        return new NodeStatusSummary(
            NodeUsage.From(observed.Object?.Status),
            plan.Policies.ToDictionary(
                p => p,
                p => Evaluate(p, plan.Spec, generation, observed, decision.Waiting.Contains(p)) with
                {
                    Rollout = decision.StateOf(p, observed.Object, isWritten),
                },
                StringComparer.Ordinal),
            plan.Conflicts);
    }

    /// <summary>Whether a node can be given a change, and its agent would report on it.</summary>
    public static bool IsAvailable(NodeObservation observed) =>
        observed is { IsReady: true, IsReadable: true, Object.Status: not null } && Silence(observed.Object, observed.ReportAge) is null;

    private static NodePolicyStatus Applied(string policy, long? generation, ConntrackNode? node)
    {
        if (node?.Status is not { } status || status.ObservedGeneration is not { } observed || observed < generation)
        {
            return new NodePolicyStatus(NodePolicyState.Updating, PolicyFailureReasons.Updating, "the plan has not been applied yet");
        }

        if (Condition.Find(status.Conditions, ConditionTypes.Applied) is { Reason: ConditionReasons.ModuleNotLoaded } missing)
        {
            return new NodePolicyStatus(NodePolicyState.Failed, missing.Reason, Bounded(missing.Message));
        }

        return Worst(policy, status);
    }

    /// <summary>Trouble with the settings that the node has matters more than that it waits.</summary>
    private static NodePolicyStatus Waiting(string policy, NodeStatus? status) =>
        status is not null && Worst(policy, status) is { State: NodePolicyState.Failed or NodePolicyState.Drifted } trouble
            ? trouble
            : new NodePolicyStatus(NodePolicyState.Waiting, PolicyFailureReasons.RolloutWaiting, status is null
                ? "the change waits for the agent's first report"
                : "the change waits for its turn in the rollout");

    private static NodePolicyStatus? Silence(ConntrackNode? node, TimeSpan age)
    {
        if (node?.Status?.ReportedAt is { } reported)
        {
            return age > SilentAfter
                ? new NodePolicyStatus(
                    NodePolicyState.Unreachable,
                    PolicyFailureReasons.AgentSilent,
                    $"the agent has not reported since {reported.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} by its node's clock: is its pod "
                        + "running?")
                : null;
        }

        return node is not null && age > FirstReportWithin
            ? new NodePolicyStatus(
                NodePolicyState.Unreachable, PolicyFailureReasons.NoAgent, "no agent has ever reported: is its pod running?")
            : null;
    }

    private static NodePolicyStatus Worst(string policy, NodeStatus status)
    {
        var worst = new NodePolicyStatus(NodePolicyState.Ready, null, null);
        foreach (var setting in status.Settings ?? [])
        {
            if (setting.Policy != policy)
            {
                continue;
            }

            var state = setting.State switch
            {
                SettingState.Failed or SettingState.ReadOnly => NodePolicyState.Failed,
                SettingState.Contested => NodePolicyState.Drifted,
                SettingState.Held or SettingState.Pending => NodePolicyState.Updating,
                _ => NodePolicyState.Ready,
            };
            if (Rank(state) > Rank(worst.State))
            {
                worst = new NodePolicyStatus(state, setting.State.ToString(), Bounded($"{setting.Name}: {setting.Message}"));
            }
        }

        return worst;
    }

    /// <summary>What a node says goes into the status of a policy, which belongs to all of its nodes.</summary>
    private static string? Bounded(string? message) => BoundedText.Of(message, MessageLength);

    private static int Rank(NodePolicyState state) => state switch
    {
        NodePolicyState.Failed => 3,
        NodePolicyState.Drifted => 2,
        NodePolicyState.Updating => 1,
        _ => 0,
    };
}
