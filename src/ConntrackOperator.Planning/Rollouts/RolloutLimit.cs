using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Rollouts;

/// <summary>How many nodes a rollout may change at once. Pure.</summary>
public static class RolloutLimit
{
    /// <summary>How many nodes of a policy may be changed at once.</summary>
    /// <param name="rollout">The rollout; a share left out, or not valid, counts as the default.</param>
    /// <param name="selected">Nodes that the policy selects, 0 or more.</param>
    /// <returns>Nodes, 1 or more: a share is rounded up.</returns>
    public static int Slots(RolloutSpec rollout, int selected)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        if (rollout.MaxUnavailable?.AsNodes() is { } count)
        {
            return count;
        }

        var percent = rollout.MaxUnavailable?.AsPercent() ?? RolloutSpec.DefaultPercent;
        return (int)Math.Max(1, ((long)selected * percent + 99) / 100);
    }
}
