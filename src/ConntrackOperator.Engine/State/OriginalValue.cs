using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Engine.State;

/// <summary>What a key held before the first write since boot.</summary>
internal sealed record OriginalValue
{
    public long Value { get; init; }

    /// <summary>What shall become of the setting when it leaves the plan: as the last plan that held it said.</summary>
    public RemovalPolicy OnRemoval { get; init; }

    /// <summary>The policy of the last plan that held it, for messages.</summary>
    public string? Policy { get; init; }
}
