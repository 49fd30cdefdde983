namespace ConntrackOperator.Controller.Rollouts;

/// <summary>How far one policy's rollout is.</summary>
internal sealed record RolloutProgress
{
    /// <summary>How many of the nodes that stand in the way are named.</summary>
    public const int Named = 3;

    /// <summary>Nodes that may be changed at once.</summary>
    public required int AtOnce { get; init; }

    /// <summary>Nodes that are being changed: given the new settings, and not reported to hold them.</summary>
    public required int Changing { get; init; }

    /// <summary>Those of them where a setting failed, or something else keeps overwriting it.</summary>
    public required int Stuck { get; init; }

    /// <summary>Whether a changed node has begun to drop packets, and no further one is changed for that.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>Changed nodes that have begun to drop packets.</summary>
    public required int Dropping { get; init; }

    /// <summary>The first of them by name.</summary>
    public required IReadOnlyList<string> DroppingNodes { get; init; }
}
