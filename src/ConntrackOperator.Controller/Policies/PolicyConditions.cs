using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;

namespace ConntrackOperator.Controller.Policies;

/// <summary>From what is known of a policy to its conditions. Pure.</summary>
/// <remarks>One chain of checks; the first that speaks of a condition decides it.</remarks>
internal static class PolicyConditions
{
    private static readonly string[] _types =
    [
        PolicyConditionTypes.Ready, PolicyConditionTypes.Reconciling, PolicyConditionTypes.Stalled, PolicyConditionTypes.Conflict,
        PolicyConditionTypes.Pressure,
    ];

    /// <summary>What matters most comes first. A check that does not hold, or says nothing of a condition, leaves it to the next.</summary>
    private static readonly Check[] _chain =
    [
        Deleting, Invalid, NotPlanned, NoNodes, RolloutPaused, NodesFailed, Contested, RollingOut, Updating, NodesUnreachable,
        AllNodesReady, Conflicts, Usage,
    ];

    private delegate IEnumerable<(string Type, ConditionResult Result)> Check(PolicyObservation policy);

    /// <summary>All conditions, always in the same order.</summary>
    /// <param name="policy">What is known of the policy.</param>
    /// <param name="before">The conditions as stored, for the times of transitions.</param>
    /// <param name="generation">The policy's generation.</param>
    /// <param name="now">The time.</param>
    public static List<Condition> Evaluate(
        PolicyObservation policy, IReadOnlyList<Condition>? before, long? generation, DateTimeOffset now) =>
        [.. _types.Select(type => Evaluate(type, policy).ToCondition(type, before, generation, now))];

    /// <summary>One condition.</summary>
    /// <param name="type">Its type: Ready, Reconciling, Stalled, Conflict or Pressure.</param>
    /// <param name="policy">What is known of the policy.</param>
    public static ConditionResult Evaluate(string type, PolicyObservation policy) =>
        _chain.SelectMany(check => check(policy)).First(said => said.Type == type).Result;

    private static IEnumerable<(string Type, ConditionResult Result)> Deleting(PolicyObservation policy)
    {
        if (policy.IsDeleting)
        {
            const string Message = "the nodes are putting back what was there before";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.Deleting, Message));
            yield return (PolicyConditionTypes.Reconciling, new(true, PolicyConditionReasons.Deleting, Message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> Invalid(PolicyObservation policy)
    {
        if (policy.Errors.Count > 0)
        {
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.Invalid, policy.Errors[0].ToString()));
            yield return (
                PolicyConditionTypes.Reconciling, new(false, PolicyConditionReasons.Invalid, "nothing is done until the policy is valid"));
            yield return (
                PolicyConditionTypes.Stalled, new(true, PolicyConditionReasons.Invalid, string.Join("; ", policy.Errors.Take(5))));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> NotPlanned(PolicyObservation policy)
    {
        if (policy.Aggregate.Pending > 0)
        {
            var message = $"{policy.Aggregate.Pending} nodes are still to be planned";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.Planning, message));
            yield return (PolicyConditionTypes.Reconciling, new(true, PolicyConditionReasons.Planning, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> NoNodes(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes.Selected == 0)
        {
            yield return (PolicyConditionTypes.Ready, new(true, PolicyConditionReasons.NoNodes, "the selector matches no node now"));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> RolloutPaused(PolicyObservation policy)
    {
        if (policy.Aggregate.IsPaused)
        {
            var message = PausedMessage(policy.Aggregate);
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.RolloutPaused, message));
            yield return (PolicyConditionTypes.Reconciling, new(true, PolicyConditionReasons.RolloutPaused, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> NodesFailed(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes is { Failed: > 0 } nodes)
        {
            var message = $"{nodes.Failed} of {nodes.Selected} nodes: {Example(policy.Aggregate)}";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.NodesFailed, message));
            yield return (PolicyConditionTypes.Stalled, new(true, PolicyConditionReasons.NodesFailed, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> Contested(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes is { Drifted: > 0 } nodes)
        {
            var message = $"{nodes.Drifted} of {nodes.Selected} nodes: {Example(policy.Aggregate)}";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.Contested, message));
            yield return (PolicyConditionTypes.Stalled, new(true, PolicyConditionReasons.Contested, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> RollingOut(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes.Waiting > 0)
        {
            var message = RollingOutMessage(policy.Aggregate);
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.RollingOut, message));
            yield return (PolicyConditionTypes.Reconciling, new(true, PolicyConditionReasons.RollingOut, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> Updating(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes is { Updating: > 0 } nodes)
        {
            var message = $"{nodes.Updating} of {nodes.Selected} nodes are being changed";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.Updating, message));
            yield return (PolicyConditionTypes.Reconciling, new(true, PolicyConditionReasons.Updating, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> NodesUnreachable(PolicyObservation policy)
    {
        if (policy.Aggregate.Nodes is { Unreachable: > 0 } nodes)
        {
            var message = $"{nodes.Unreachable} of {nodes.Selected} nodes: {Example(policy.Aggregate)}";
            yield return (PolicyConditionTypes.Ready, new(false, PolicyConditionReasons.NodesUnreachable, message));
        }
    }

    private static IEnumerable<(string Type, ConditionResult Result)> AllNodesReady(PolicyObservation policy) =>
    [
        (PolicyConditionTypes.Ready,
        new(true, PolicyConditionReasons.AllNodesReady, $"all {policy.Aggregate.Nodes.Selected} nodes hold what the policy asks")),
        (PolicyConditionTypes.Reconciling, new(false, PolicyConditionReasons.Done, "every node that can be reached has the plan")),
        (PolicyConditionTypes.Stalled, new(false, PolicyConditionReasons.NotStalled, "nothing stands in the way")),
    ];

    private static IEnumerable<(string Type, ConditionResult Result)> Conflicts(PolicyObservation policy)
    {
        var aggregate = policy.Aggregate;
        if (aggregate.Conflicts.Count == 0)
        {
            const string None = "no policy of equal priority sets the same field to another value";
            yield return (PolicyConditionTypes.Conflict, new(false, PolicyConditionReasons.NoConflict, None));
            yield break;
        }

        var texts = string.Join("; ", aggregate.Conflicts.Select(c => ConflictMessage(policy.Name, c)));
        var left = aggregate.ConflictCount - aggregate.Conflicts.Count;
        var more = left > 0 ? $"; and {left} more" : string.Empty;
        yield return (
            PolicyConditionTypes.Conflict,
            new(true, PolicyConditionReasons.EqualPriority, texts + more + ". Give one of them a higher priority"));
    }

    private static IEnumerable<(string Type, ConditionResult Result)> Usage(PolicyObservation policy)
    {
        var (hot, critical, warning) = (policy.Aggregate.Hottest, policy.Aggregate.Critical, policy.Aggregate.Warning);
        var full = hot.Count > 0 ? $"{hot[0].Name} is {hot[0].Percent}% full" : null;
        var open = policy.Aggregate.NodesWithoutLimit is > 0 and var count
            ? $"{Nodes(count)} without a limit (nf_conntrack_max is 0)" : null;
        var hottest = (full, open) switch
        {
            (null, null) => "no usage is known",
            ({ }, { }) => $"{full}; {open}",
            _ => full ?? open,
        };
        yield return (
            PolicyConditionTypes.Pressure,
            critical > 0 ? new(true, ConditionReasons.Critical, $"{Nodes(critical)} critical, {warning} near it; {hottest}")
            : warning > 0 ? new(true, ConditionReasons.Warning, $"{Nodes(warning)}; {hottest}")
            : new(false, ConditionReasons.Normal, hottest!));
    }

    private static string Nodes(int count) => count == 1 ? "1 node" : $"{count} nodes";

    private static string ConflictMessage(string policy, ConflictSummary c)
    {
        var more = c.Nodes > c.FirstNodes.Count ? ", …" : string.Empty;
        var where = c.Nodes == 1 ? c.FirstNodes[0] : $"{c.Nodes} nodes ({string.Join(", ", c.FirstNodes)}{more})";
        return c.Winner == policy
            ? $"{c.Field} on {where}: {c.Loser} asks {c.LoserValue}, this policy's {c.WinnerValue} stands since it is older"
            : $"{c.Field} on {where}: the older {c.Winner} sets {c.WinnerValue}, this policy's {c.LoserValue} does not count";
    }

    private static string RollingOutMessage(PolicyAggregateSnapshot aggregate)
    {
        var done = $"{aggregate.Nodes.Ready} of {aggregate.Nodes.Selected} nodes changed";
        return aggregate.Rollout is not { } rollout ? done
            : rollout.Stuck < rollout.AtOnce ? done + $", {rollout.AtOnce} at once"
            : done + $", {rollout.AtOnce} at once, and {rollout.Stuck} that failed take every place: "
                + "mend them (status.failures says what is wrong), or edit the policy";
    }

    /// <summary>Without the numbers of drops: they are on the nodes, and a status that repeats them is written with every report.</summary>
    private static string PausedMessage(PolicyAggregateSnapshot aggregate)
    {
        var rollout = aggregate.Rollout!;
        var left = rollout.Dropping - rollout.DroppingNodes.Count;
        var names = string.Join(", ", rollout.DroppingNodes) + (left > 0 ? $" and {left} more" : string.Empty);
        return $"{aggregate.Nodes.Ready} of {aggregate.Nodes.Selected} nodes changed; "
            + $"{names} dropped no packets before the change and do now. It goes on by itself when they no longer do; "
            + "to go on before that, edit what the policy sets, or set spec.rollout.pauseOnDrops to false";
    }

    private static string Example(PolicyAggregateSnapshot aggregate) => aggregate.Failures.Count == 0
        ? string.Empty
        : $"{aggregate.Failures[0].Name}: {aggregate.Failures[0].Reason}: {aggregate.Failures[0].Message}";
}
