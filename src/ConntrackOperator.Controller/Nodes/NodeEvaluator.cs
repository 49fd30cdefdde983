using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Aggregation;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>From what a node reports to how it stands towards each policy. Pure.</summary>
internal static class NodeEvaluator
{
    /// <summary>An agent reports every 10 minutes at the latest: after twice that and a little it is not there.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromMinutes(25);

    /// <summary>How long a new node may take until its agent reports first.</summary>
    public static readonly TimeSpan FirstReportWithin = TimeSpan.FromMinutes(5);

    /// <summary>How much of a node's message is passed on, in characters.</summary>
    public const int MessageLength = 512;

    /// <summary>Judges one node for one policy.</summary>
    /// <param name="policy">The policy's name.</param>
    /// <param name="plan">The plan as the controller wrote it.</param>
    /// <param name="generation">The generation of that plan.</param>
    /// <param name="node">The ConntrackNode as last seen.</param>
    /// <param name="nodeReady">Whether the kubelet says that the node is ready.</param>
    /// <param name="age">How long its last report, or that there is none, has been known: <see cref="ReportAgeTracker"/>.</param>
    /// <param name="waits">Whether a rollout holds back what the policy changes here.</param>
    /// <param name="isReadable">Whether what the agent reported last can be read; if not, the ConntrackNode is from before that.</param>
    public static NodePolicyStatus Judge(
        string policy, NodeSpec plan, long? generation, ConntrackNode? node, bool nodeReady, TimeSpan age, bool waits = false, bool isReadable = true)
    {
        if (!nodeReady)
        {
            return new NodePolicyStatus(NodePolicyState.Unreachable, "NodeNotReady", "the node is not ready");
        }

        if (!isReadable)
        {
            return new NodePolicyStatus(NodePolicyState.Failed, "ReportUnreadable", "what the agent has reported can't be read: the controller's log says why");
        }

        if (Silence(node, age) is { } silence)
        {
            return silence;
        }

        if (plan.Refused?.FirstOrDefault(r => r.Policy == policy) is { } refused)
        {
            return new NodePolicyStatus(NodePolicyState.Failed, refused.Reason, refused.Message);
        }

        return waits ? Waiting(policy, node?.Status) : Applied(policy, generation, node);
    }

    /// <summary>Whether the node can be told anything, and would say what became of it.</summary>
    public static bool IsThere(ConntrackNode? node, bool nodeReady, TimeSpan age, bool isReadable = true) =>
        nodeReady && isReadable && node?.Status is not null && Silence(node, age) is null;

    private static NodePolicyStatus Applied(string policy, long? generation, ConntrackNode? node)
    {
        if (node?.Status is not { } status || status.ObservedGeneration is not { } observed || observed < generation)
        {
            return new NodePolicyStatus(NodePolicyState.Updating, "Updating", "the plan has not been applied yet");
        }

        if (status.Conditions?.FirstOrDefault(c => c.Type == "Applied") is { Reason: "ModuleNotLoaded" } missing)
        {
            return new NodePolicyStatus(NodePolicyState.Failed, missing.Reason, Said(missing.Message));
        }

        return Worst(policy, status);
    }

    /// <summary>What is amiss with what the node has is worth more than that it waits.</summary>
    private static NodePolicyStatus Waiting(string policy, NodeStatus? status) =>
        status is not null && Worst(policy, status) is { State: NodePolicyState.Failed or NodePolicyState.Drifted } amiss
            ? amiss
            : new NodePolicyStatus(NodePolicyState.Waiting, "RolloutWaiting", status is null
                ? "the change waits for the agent's first report"
                : "the change waits for its turn in the rollout");

    private static NodePolicyStatus? Silence(ConntrackNode? node, TimeSpan age)
    {
        if (node?.Status?.ReportedAt is { } reported)
        {
            return age > SilentAfter
                ? new NodePolicyStatus(NodePolicyState.Unreachable, "AgentSilent", $"the agent has not reported since {reported.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} by its node's clock: is its pod running?")
                : null;
        }

        return node is not null && age > FirstReportWithin
            ? new NodePolicyStatus(NodePolicyState.Unreachable, "NoAgent", "no agent has ever reported: is its pod running?")
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
                worst = new NodePolicyStatus(state, setting.State.ToString(), Said($"{setting.Name}: {setting.Message}"));
            }
        }

        return worst;
    }

    /// <summary>What a node says goes into the status of a policy, which belongs to all of its nodes.</summary>
    private static string? Said(string? message) => BoundedText.Of(message, MessageLength);

    private static int Rank(NodePolicyState state) => state switch
    {
        NodePolicyState.Failed => 3,
        NodePolicyState.Drifted => 2,
        NodePolicyState.Updating => 1,
        _ => 0,
    };
}
