using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Rollouts;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The sums of one policy at one instant.</summary>
internal sealed record PolicyAggregateSnapshot
{
    /// <summary>Nodes that have not been planned since the policy changed.</summary>
    public required int Pending { get; init; }

    public required PolicyNodeCounts Nodes { get; init; }

    /// <summary>How far the rollout is; null: the policy has none.</summary>
    public RolloutProgress? Rollout { get; init; }

    /// <summary>
    /// Whether the rollout stands still because nodes that were changed have begun to drop packets. When no node waits there is nothing to
    /// pause.
    /// </summary>
    public bool IsPaused => Rollout is { IsPaused: true } && Nodes.Waiting > 0;

    public required long Entries { get; init; }

    public required long Limit { get; init; }

    /// <summary>Nodes whose kernel has no limit.</summary>
    public int NodesWithoutLimit { get; init; }

    /// <summary>Packets dropped a minute because a table was full; null: no node knows yet.</summary>
    public required long? TableFullDropsPerMinute { get; init; }

    /// <summary>Packets lost a minute in races; null: no node knows yet.</summary>
    public long? RacesLostPerMinute { get; init; }

    public required IReadOnlyList<HotNode> Hottest { get; init; }

    public required IReadOnlyList<NodeFailure> Failures { get; init; }

    /// <summary>The first conflicts by field.</summary>
    public required IReadOnlyList<ConflictSummary> Conflicts { get; init; }

    /// <summary>How many there are.</summary>
    public int ConflictCount { get; init; }

    /// <summary>What to change, and for how many nodes; null: nothing.</summary>
    public string? Advice { get; init; }

    /// <summary>Nodes at the warning level.</summary>
    public required int Warning { get; init; }

    /// <summary>Nodes at the critical level.</summary>
    public required int Critical { get; init; }
}
