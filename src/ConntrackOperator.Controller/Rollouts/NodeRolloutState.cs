using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>How a node stands towards one policy's rollout, from its objects alone. Pure.</summary>
/// <param name="IsChanging">It was given settings of the policy that its agent has not reported to be in force: it takes a place.</param>
/// <param name="BeganToDrop">It has been changed, drops packets because its table is full, and did not before. Races lost are no fault of a change.</param>
/// <param name="HasPlace">It was given that place by a rollout, or something of the policy's has failed there: to change it again needs no other one.</param>
/// <param name="HasFailed">Its agent knows of the last change, and something of the policy's is not in force.</param>
internal readonly record struct NodeRolloutState(bool IsChanging, bool BeganToDrop, bool HasPlace = false, bool HasFailed = false)
{
    /// <summary>
    /// How long a node that was given a change, and went away before it reported on it, keeps its place: what was changed may
    /// be the reason. After that the rollout goes on, or a machine that is gone for good would end it.
    /// </summary>
    public static readonly TimeSpan WaitsForLost = TimeSpan.FromMinutes(10);

    /// <summary>Judges a node.</summary>
    /// <param name="policy">The policy's name.</param>
    /// <param name="node">The ConntrackNode as last seen or written; null: none.</param>
    /// <param name="isThere">Whether the node is ready and its agent reports.</param>
    /// <param name="now">The time.</param>
    public static NodeRolloutState Of(string policy, ConntrackNode? node, bool isThere, DateTimeOffset now)
    {
        if (node is null)
        {
            return default;
        }

        var mark = RolloutCheckpoints.Of(node).GetValueOrDefault(policy);
        var observed = node.Status?.ObservedGeneration ?? 0;
        var isUnderWay = observed <= mark?.After;
        if (!isThere)
        {
            return new(isUnderWay && now - mark!.At < WaitsForLost, false);
        }

        if (isUnderWay)
        {
            return new(true, false, HasPlace: true);
        }

        var isUnfinished = IsUnfinished(policy, node.Status);
        return new(isUnfinished || IsUnknown(policy, node), mark is { Drops: 0 } && node.Status?.Rates?.TableFullDropsPerMinute > 0, HasPlace: isUnfinished, HasFailed: isUnfinished);
    }

    /// <summary>The agent has not said a word yet of what the plan says, or takes away: that is how a change from before there was a rollout shows, of which there is no mark.</summary>
    private static bool IsUnknown(string policy, ConntrackNode node)
    {
        var (planned, reported) = (node.Spec?.Settings ?? [], node.Status?.Settings ?? []);
        return planned.Exists(s => s.Policy == policy && s.Mode != PolicyMode.Observe && !reported.Exists(r => r.Name == s.Name && r.Desired == s.Value))
            || reported.Exists(r => r.Policy == policy && r.Desired is { } desired && !planned.Exists(s => s.Name == r.Name && s.Value == desired));
    }

    /// <summary>Without the kernel's module nothing is tracked and nothing was changed: such a node is in nobody's way.</summary>
    private static bool IsUnfinished(string policy, NodeStatus? status) =>
        status?.Settings is { } settings
        && status.Conditions?.Find(c => c.Type == "Applied")?.Reason != "ModuleNotLoaded"
        && settings.Exists(s => s.Policy == policy && (s.Desired is null
            || s.State is SettingState.Pending or SettingState.Held or SettingState.Contested or SettingState.ReadOnly or SettingState.Failed));
}
