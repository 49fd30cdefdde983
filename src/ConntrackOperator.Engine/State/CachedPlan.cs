using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Engine.State;

/// <summary>The last plan that reached this machine: applied at boot while the API server is away.</summary>
public sealed record CachedPlan
{
    /// <summary>The ConntrackNode's name; null for a plan made on the host itself.</summary>
    public string? Node { get; init; }

    /// <summary>The ConntrackNode's UID.</summary>
    public string? Uid { get; init; }

    /// <summary>The ConntrackNode's generation.</summary>
    public long? Generation { get; init; }

    /// <summary>The plan.</summary>
    public NodeSpec? Spec { get; init; }
}
