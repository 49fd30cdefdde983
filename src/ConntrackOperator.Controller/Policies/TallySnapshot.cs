using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Policies;

/// <summary>The sums of one policy at one instant.</summary>
internal sealed record TallySnapshot
{
    /// <summary>Nodes that have not been planned since the policy changed.</summary>
    public required int Pending { get; init; }

    public required PolicyNodeCounts Nodes { get; init; }

    public required long Entries { get; init; }

    public required long Limit { get; init; }

    public required long DropsPerMinute { get; init; }

    public required IReadOnlyList<HotNode> Hottest { get; init; }

    public required IReadOnlyList<NodeFailure> Failures { get; init; }

    public required IReadOnlyList<PlanConflict> Conflicts { get; init; }

    /// <summary>Nodes at the warning level.</summary>
    public required int Warning { get; init; }

    /// <summary>Nodes at the critical level.</summary>
    public required int Critical { get; init; }
}
