using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>What would change if policies were applied.</summary>
internal sealed record PlanReport
{
    /// <summary>The policies of the files.</summary>
    public required List<string> Policies { get; init; }

    /// <summary>How many nodes there are, changed or not.</summary>
    public required int TotalNodes { get; init; }

    /// <summary>The nodes that would change, or where something is refused.</summary>
    public required List<PlannedNode> Nodes { get; init; }

    /// <summary>Fields that policies of equal priority set differently.</summary>
    public required List<string> Conflicts { get; init; }
}

/// <summary>What would change on one node.</summary>
internal sealed record PlannedNode
{
    public required string Name { get; init; }

    public required List<PlannedChange> Changes { get; init; }

    public List<RefusedSetting>? Refused { get; init; }

    /// <summary>Bytes that the full table takes now; null when unknown.</summary>
    public long? MemoryBytesBefore { get; init; }

    /// <summary>Bytes that the full table would take.</summary>
    public long? MemoryBytesAfter { get; init; }
}

/// <summary>One setting that would change.</summary>
internal sealed record PlannedChange
{
    public required string Setting { get; init; }

    /// <summary>What the kernel holds, as the node's agent reported it last; null when it has not.</summary>
    public long? Current { get; init; }

    /// <summary>What would be planned; null when the setting leaves the plan.</summary>
    public long? Planned { get; init; }

    public string? Policy { get; init; }

    /// <summary>The policy's field, and how the value was computed when it was.</summary>
    public string? Rule { get; init; }

    /// <summary>Why the kernel would refuse it; left out where nothing is known against it.</summary>
    public string? Refusal { get; init; }

    /// <summary>Set; InSync when the kernel holds the value already; Observe; Restore or Keep when no policy sets it any more.</summary>
    public required string Action { get; init; }
}
