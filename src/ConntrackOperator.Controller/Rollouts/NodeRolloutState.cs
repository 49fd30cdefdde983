using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>Where a node is in one policy's rollout, from its objects alone. Pure.</summary>
/// <param name="IsChanging">It was given settings of the policy that its agent has not reported to be in force: it takes a slot.</param>
/// <param name="BeganToDrop">It was changed, drops packets because its table is full, and did not before. Lost races do not count: no
/// change of a setting causes them.</param>
/// <param name="HoldsSlot">A rollout gave it that slot, or a setting of the policy failed there: it needs no second one.</param>
/// <param name="HasFailed">Its agent knows of the last change, and a setting of the policy is not in force.</param>
internal readonly record struct NodeRolloutState(bool IsChanging, bool BeganToDrop, bool HoldsSlot = false, bool HasFailed = false)
{
    /// <summary>
    /// How long a node that was given a change, and became unavailable before it reported on it, keeps its slot: the change may be the
    /// reason. After that the rollout goes on, since a machine that is gone for good would end it otherwise.
    /// </summary>
    public static readonly TimeSpan LostNodeKeepsSlotFor = TimeSpan.FromMinutes(10);

    /// <summary>Finds it out.</summary>
    /// <param name="policy">The policy's name.</param>
    /// <param name="node">The ConntrackNode as last seen or written; null: none.</param>
    /// <param name="isAvailable">Whether the node is ready and its agent reports.</param>
    /// <param name="now">The time.</param>
    public static NodeRolloutState Of(string policy, ConntrackNode? node, bool isAvailable, DateTimeOffset now)
    {
        if (node is null)
        {
            return default;
        }

        var checkpoint = RolloutCheckpoints.Of(node).GetValueOrDefault(policy);
        var observed = node.Status?.ObservedGeneration ?? 0;
        var isUnderWay = observed <= checkpoint?.After;
        if (!isAvailable)
        {
            return new(isUnderWay && now - checkpoint!.At < LostNodeKeepsSlotFor, false);
        }

        if (isUnderWay)
        {
            return new(true, false, HoldsSlot: true);
        }

        var isUnfinished = IsUnfinished(policy, node.Status);
        return new(
            isUnfinished || IsUnknown(policy, node),
            checkpoint is { Drops: 0 } && node.Status?.Rates?.TableFullDropsPerMinute > 0,
            HoldsSlot: isUnfinished,
            HasFailed: isUnfinished);
    }

    /// <summary>
    /// The agent has not reported yet on something that the plan sets or takes away. So a change from before there was a rollout shows,
    /// which left no checkpoint.
    /// </summary>
    private static bool IsUnknown(string policy, ConntrackNode node)
    {
        var (planned, reported) = (node.Spec?.Settings ?? [], node.Status?.Settings ?? []);
        return planned.Exists(s => s.Policy == policy && s.Mode != PolicyMode.Observe
                && !reported.Exists(r => r.Name == s.Name && r.Desired == s.Value))
            || reported.Exists(r => r.Policy == policy && r.Desired is { } desired
                && !planned.Exists(s => s.Name == r.Name && s.Value == desired));
    }

    /// <summary>Without the kernel's module nothing is tracked and nothing was changed: such a node takes no slot.</summary>
    private static bool IsUnfinished(string policy, NodeStatus? status) =>
        status?.Settings is { } settings
        && Condition.Find(status.Conditions, ConditionTypes.Applied)?.Reason != ConditionReasons.ModuleNotLoaded
        && settings.Exists(s => s.Policy == policy && (s.Desired is null || IsOutOfForce(s.State)));

    private static bool IsOutOfForce(SettingState? state) => state is
        SettingState.Pending or SettingState.Held or SettingState.Contested or SettingState.ReadOnly or SettingState.Failed;
}
