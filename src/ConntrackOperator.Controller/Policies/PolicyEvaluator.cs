using System.Globalization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Policies;

/// <summary>From the sums to the conditions. Pure.</summary>
internal static class PolicyEvaluator
{
    public static List<Condition> Compute(
        string policy, PolicyAggregateSnapshot tally, IReadOnlyList<FieldError> errors, bool deleting, IReadOnlyList<Condition>? before, long? generation, DateTimeOffset now) =>
    [
        Ready(tally, errors, deleting).ToCondition("Ready", before, generation, now),
        Reconciling(tally, errors, deleting).ToCondition("Reconciling", before, generation, now),
        Stalled(tally, errors).ToCondition("Stalled", before, generation, now),
        Conflict(policy, tally).ToCondition("Conflict", before, generation, now),
        Pressure(tally).ToCondition("Pressure", before, generation, now),
    ];

    public static ConditionResult Ready(PolicyAggregateSnapshot tally, IReadOnlyList<FieldError> errors, bool deleting)
    {
        var nodes = tally.Nodes;
        if (deleting)
        {
            return new(false, "Deleting", "the nodes are putting back what was there before");
        }

        if (errors.Count > 0)
        {
            return new(false, "Invalid", errors[0].ToString());
        }

        if (tally.Pending > 0)
        {
            return new(false, "Planning", Text($"{tally.Pending} nodes are still to be planned"));
        }

        if (nodes.Selected == 0)
        {
            return new(true, "NoNodes", "the selector matches no node now");
        }

        if (tally.IsPaused)
        {
            return new(false, "RolloutPaused", Paused(tally));
        }

        if (nodes.Failed > 0)
        {
            return new(false, "NodesFailed", Text($"{nodes.Failed} of {nodes.Selected} nodes: {Example(tally)}"));
        }

        if (nodes.Drifted > 0)
        {
            return new(false, "Contested", Text($"{nodes.Drifted} of {nodes.Selected} nodes: {Example(tally)}"));
        }

        if (nodes.Waiting > 0)
        {
            return new(false, "RollingOut", RollingOut(tally));
        }

        if (nodes.Updating > 0)
        {
            return new(false, "Updating", Text($"{nodes.Updating} of {nodes.Selected} nodes are being changed"));
        }

        return nodes.Unreachable > 0
            ? new(false, "NodesUnreachable", Text($"{nodes.Unreachable} of {nodes.Selected} nodes: {Example(tally)}"))
            : new(true, "AllNodesReady", Text($"all {nodes.Selected} nodes hold what the policy asks"));
    }

    public static ConditionResult Reconciling(PolicyAggregateSnapshot tally, IReadOnlyList<FieldError> errors, bool deleting) =>
        deleting ? new(true, "Deleting", "the nodes are putting back what was there before")
        : errors.Count > 0 ? new(false, "Invalid", "nothing is done until the policy is valid")
        : tally.Pending > 0 ? new(true, "Planning", Text($"{tally.Pending} nodes are still to be planned"))
        : tally.IsPaused ? new(true, "RolloutPaused", Paused(tally))
        : tally.Nodes.Waiting > 0 ? new(true, "RollingOut", RollingOut(tally))
        : tally.Nodes.Updating > 0 ? new(true, "Updating", Text($"{tally.Nodes.Updating} of {tally.Nodes.Selected} nodes are being changed"))
        : new(false, "Done", "every node that can be reached has the plan");

    public static ConditionResult Stalled(PolicyAggregateSnapshot tally, IReadOnlyList<FieldError> errors) =>
        errors.Count > 0 ? new(true, "Invalid", string.Join("; ", errors.Take(5)))
        : tally.Nodes.Failed > 0 ? new(true, "NodesFailed", Text($"{tally.Nodes.Failed} of {tally.Nodes.Selected} nodes: {Example(tally)}"))
        : tally.Nodes.Drifted > 0 ? new(true, "Contested", Text($"{tally.Nodes.Drifted} of {tally.Nodes.Selected} nodes: {Example(tally)}"))
        : new(false, "NotStalled", "nothing stands in the way");

    public static ConditionResult Conflict(string policy, PolicyAggregateSnapshot tally)
    {
        if (tally.Conflicts.Count == 0)
        {
            return new(false, "NoConflict", "no policy of equal priority sets the same field to another value");
        }

        var texts = tally.Conflicts.Select(c =>
        {
            var where = c.Nodes == 1 ? c.FirstNodes[0] : Text($"{c.Nodes} nodes ({string.Join(", ", c.FirstNodes)}{(c.Nodes > c.FirstNodes.Count ? ", …" : string.Empty)})");
            return c.Winner == policy
                ? $"{c.Field} on {where}: {c.Loser} asks {c.LoserValue}, this policy's {c.WinnerValue} stands since it is older"
                : $"{c.Field} on {where}: the older {c.Winner} sets {c.WinnerValue}, this policy's {c.LoserValue} does not count";
        });
        var more = tally.ConflictCount > tally.Conflicts.Count ? Text($"; and {tally.ConflictCount - tally.Conflicts.Count} more") : string.Empty;
        return new(true, "EqualPriority", string.Join("; ", texts) + more + ". Give one of them a higher priority");
    }

    public static ConditionResult Pressure(PolicyAggregateSnapshot tally)
    {
        var hottest = tally.Hottest.Count > 0 ? Text($"{tally.Hottest[0].Name} is {tally.Hottest[0].Percent}% full") : "no usage is known";
        return tally.Critical > 0 ? new(true, "Critical", Text($"{tally.Critical} nodes critical, {tally.Warning} near it; {hottest}"))
            : tally.Warning > 0 ? new(true, "Warning", Text($"{tally.Warning} nodes; {hottest}"))
            : new(false, "Normal", hottest);
    }

    private static string RollingOut(PolicyAggregateSnapshot tally)
    {
        var done = Text($"{tally.Nodes.Ready} of {tally.Nodes.Selected} nodes changed");
        return tally.Rollout is not { } rollout ? done
            : rollout.Stuck < rollout.AtOnce ? done + Text($", {rollout.AtOnce} at once")
            : done + Text($", {rollout.AtOnce} at once, and {rollout.Stuck} that failed take every place: mend them (status.failures says what is wrong), or edit the policy");
    }

    /// <summary>Without the numbers of drops: they are on the nodes, and a status that repeats them is written with every report.</summary>
    private static string Paused(PolicyAggregateSnapshot tally)
    {
        var rollout = tally.Rollout!;
        var names = string.Join(", ", rollout.DroppingNodes) + (rollout.Dropping > rollout.DroppingNodes.Count ? Text($" and {rollout.Dropping - rollout.DroppingNodes.Count} more") : string.Empty);
        return Text($"{tally.Nodes.Ready} of {tally.Nodes.Selected} nodes changed; {names} dropped no packets before the change and do now. It goes on by itself when they no longer do; to go on before that, edit what the policy sets, or set spec.rollout.pauseOnDrops to false");
    }

    private static string Example(PolicyAggregateSnapshot tally) =>
        tally.Failures.Count == 0 ? string.Empty : $"{tally.Failures[0].Name}: {tally.Failures[0].Reason}: {tally.Failures[0].Message}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
