using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>How far a flush is.</summary>
public sealed record FlushStatus
{
    /// <summary>Pending, Running, Succeeded or Failed.</summary>
    public FlushPhase? Phase { get; init; }

    /// <summary>How many nodes are in which state.</summary>
    public FlushNodeCounts? Nodes { get; init; }

    /// <summary>The nodes that it is for, settled when it began.</summary>
    [MaxItems(5000)]
    public List<string>? NodeNames { get; init; }

    /// <summary>What became of it on the nodes that have reported: that stands, whatever becomes of the node.</summary>
    [MaxItems(5000)]
    public List<FlushNodeResult>? Results { get; init; }

    /// <summary>Where it failed, at most 20.</summary>
    [MaxItems(20)]
    public List<FlushFailure>? Failures { get; init; }

    /// <summary>Entries that matched, on all nodes that have done it.</summary>
    public long? Matched { get; init; }

    /// <summary>Entries that were deleted, on all nodes that have done it.</summary>
    public long? Deleted { get; init; }

    /// <summary>
    /// True where the two are approximate on at least one node: a kernel that deletes by a filter does not say how many went.
    /// </summary>
    public bool? Approximate { get; init; }

    /// <summary>When the nodes were told.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the last node had done it, or was given up.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Complete: every node has done it. Failed: at least one has not.</summary>
    [ListMapKey("type"), MaxItems(8)]
    public List<Condition>? Conditions { get; init; }
}

/// <summary>How far a flush is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FlushPhase>))]
public enum FlushPhase
{
    /// <summary>No node has been told yet.</summary>
    Pending,

    /// <summary>Nodes are at it.</summary>
    Running,

    /// <summary>Every node has done it.</summary>
    Succeeded,

    /// <summary>At least one node could not, or was away for too long.</summary>
    Failed,
}

/// <summary>How many of a flush's nodes are in which state.</summary>
public sealed record FlushNodeCounts
{
    /// <summary>Nodes that it is for.</summary>
    public int? Selected { get; init; }

    /// <summary>Nodes that have done it.</summary>
    public int? Done { get; init; }

    /// <summary>Nodes where it failed.</summary>
    public int? Failed { get; init; }
}

/// <summary>What became of a flush on one node.</summary>
public sealed record FlushNodeResult
{
    /// <summary>The node.</summary>
    [MaxLength(253)]
    public string? Name { get; init; }

    /// <summary>Entries that matched.</summary>
    public long? Matched { get; init; }

    /// <summary>Entries that were deleted.</summary>
    public long? Deleted { get; init; }

    /// <summary>True where the two are approximate.</summary>
    public bool? Approximate { get; init; }

    /// <summary>True where it failed; what was deleted until then counts.</summary>
    public bool? Failed { get; init; }
}

/// <summary>A node where a flush failed.</summary>
public sealed record FlushFailure
{
    /// <summary>The node.</summary>
    public string? Name { get; init; }

    /// <summary>One word: NodeAway, NoAgent, TimedOut, Failed.</summary>
    public string? Reason { get; init; }

    /// <summary>What happened.</summary>
    public string? Message { get; init; }
}
