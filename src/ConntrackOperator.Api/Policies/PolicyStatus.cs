using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How the policy's nodes are doing.</summary>
public sealed record PolicyStatus
{
    /// <summary>The generation of the spec that this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready, Reconciling and Stalled (as kstatus reads them), Conflict, Pressure.</summary>
    [ListMapKey("type"), MaxItems(16)]
    public List<Condition>? Conditions { get; init; }

    /// <summary>How many nodes are in which state.</summary>
    public PolicyNodeCounts? Nodes { get; init; }

    /// <summary>The tables of all selected nodes together.</summary>
    public PolicyUsage? Usage { get; init; }

    /// <summary>The node whose table is fullest, and how full, such as "node-7 91%".</summary>
    public string? Hottest { get; init; }

    /// <summary>The fullest nodes, fullest first, at most 20.</summary>
    [MaxItems(20)]
    public List<HotNode>? HottestNodes { get; init; }

    /// <summary>What could not be set, at most 20.</summary>
    [MaxItems(20)]
    public List<NodeFailure>? Failures { get; init; }

    /// <summary>
    /// What to change: the most severe advice of its nodes and, if another is more frequent, that too, each with how many nodes it is for.
    /// </summary>
    public string? Advice { get; init; }
}

/// <summary>How many of a policy's nodes are in which state.</summary>
public sealed record PolicyNodeCounts
{
    /// <summary>Nodes that the policy selects.</summary>
    public int? Selected { get; init; }

    /// <summary>Nodes whose kernel holds what the policy asks.</summary>
    public int? Ready { get; init; }

    /// <summary>Nodes that are being changed, or where a change is held back for now.</summary>
    public int? Updating { get; init; }

    /// <summary>Nodes that a rollout holds back: they keep what they have until it is their turn.</summary>
    public int? Waiting { get; init; }

    /// <summary>Nodes where something else keeps overwriting a setting.</summary>
    public int? Drifted { get; init; }

    /// <summary>Nodes where something could not be set.</summary>
    public int? Failed { get; init; }

    /// <summary>Nodes that are not ready, or whose agent has not reported.</summary>
    public int? Unreachable { get; init; }
}

/// <summary>The tables of a policy's nodes together.</summary>
public sealed record PolicyUsage
{
    /// <summary>Entries.</summary>
    public long? Entries { get; init; }

    /// <summary>What the tables with a limit can hold.</summary>
    public long? Limit { get; init; }

    /// <summary>Nodes whose kernel has no limit (nf_conntrack_max is 0); left out when there are none.</summary>
    public int? NodesWithoutLimit { get; init; }

    /// <summary>Both in words: 524288, 2 none.</summary>
    public string? LimitText { get; init; }

    /// <summary>How full the fullest table is, in percent.</summary>
    public int? PeakPercent { get; init; }

    /// <summary>The node with the fullest table.</summary>
    public string? PeakNode { get; init; }

    /// <summary>Packets dropped a minute because the table was full; left out when not known yet.</summary>
    public long? TableFullDropsPerMinute { get; init; }

    /// <summary>Packets lost a minute in races at insertion, which no size of the table helps; left out when not known yet.</summary>
    public long? RacesLostPerMinute { get; init; }
}

/// <summary>A node among the fullest.</summary>
public sealed record HotNode
{
    /// <summary>The node.</summary>
    public string? Name { get; init; }

    /// <summary>Entries in its table.</summary>
    public long? Entries { get; init; }

    /// <summary>What its table can hold.</summary>
    public long? Limit { get; init; }

    /// <summary>How full that is, in percent.</summary>
    public int? Percent { get; init; }

    /// <summary>Packets dropped a minute because the table was full; left out when not known yet.</summary>
    public long? TableFullDropsPerMinute { get; init; }

    /// <summary>Packets lost a minute in races at insertion, which no size of the table helps; left out when not known yet.</summary>
    public long? RacesLostPerMinute { get; init; }
}

/// <summary>Something that could not be set on a node.</summary>
public sealed record NodeFailure
{
    /// <summary>The node.</summary>
    public string? Name { get; init; }

    /// <summary>One word: ReadOnly, Failed, OverMemoryLimit, ModuleNotLoaded, …</summary>
    public string? Reason { get; init; }

    /// <summary>What happened and what to do.</summary>
    public string? Message { get; init; }
}
