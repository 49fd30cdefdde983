using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How fast a change of what the policy sets goes through its nodes.</summary>
public sealed record RolloutSpec
{
    /// <summary>The default of maxUnavailable, in percent.</summary>
    public const int DefaultPercent = 25;

    /// <summary>The greatest number of nodes in maxUnavailable.</summary>
    public const int MaximumNodes = 5000;

    /// <summary>
    /// How many nodes are changed at once: a number from 1 to 5000, or a share of the selected nodes from 1% to 100%, rounded up. A node is
    /// being changed from the moment it is given the new settings until its agent reports that the kernel holds them: a node where that
    /// fails keeps its place. One that is not ready, or whose agent is silent, is not changed before it is back; if it went away while
    /// being changed it keeps its place for 10 minutes.
    /// </summary>
    [Default("\"25%\"")]
    [Rule("type(self) == int ? self >= 1 && self <= 5000 : self.matches('^([1-9][0-9]?|100)%$')", RuleMessages.MaxUnavailable)]
    public CountOrPercent? MaxUnavailable { get; init; }

    /// <summary>
    /// Whether to change no further node while one that has the new settings drops packets and did not before it got them. The rollout goes
    /// on by itself when the drops have ended, or when the policy's settings are edited.
    /// </summary>
    [Default("true")]
    public bool? PauseOnDrops { get; init; }

    /// <summary>How many nodes of a policy may be changed at once.</summary>
    /// <param name="selected">Nodes that the policy selects, 0 or more.</param>
    /// <returns>Nodes, 1 or more: a share is rounded up; one left out, or not valid, counts as the default.</returns>
    public int NodesAtOnce(int selected)
    {
        if (MaxUnavailable?.AsNodes() is { } count)
        {
            return count;
        }

        var percent = MaxUnavailable?.AsPercent() ?? DefaultPercent;
        return (int)Math.Max(1, ((long)selected * percent + 99) / 100);
    }
}
