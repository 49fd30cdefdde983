using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>The plan of one node, all precedence and sizing resolved.</summary>
public sealed record NodeSpec
{
    /// <summary>What the node's kernel shall hold.</summary>
    [MaxItems(128)]
    public List<NodeSetting>? Settings { get; init; }

    /// <summary>Settings that were asked for and that this node must not have, with the reason.</summary>
    [MaxItems(32)]
    public List<RefusedSetting>? Refused { get; init; }

    /// <summary>From which usage the node reports pressure.</summary>
    public NodePressure? Pressure { get; init; }

    /// <summary>
    /// How much of the node's memory a full table may take, in percent; left out: no policy says so, and 10 holds. Advice keeps to it.
    /// </summary>
    [Range(1, 90)]
    public int? MemoryLimitPercent { get; init; }

    /// <summary>Flushes that the node shall do, each once.</summary>
    [MaxItems(32)]
    public List<NodeFlush>? Flushes { get; init; }
}

/// <summary>A value that the node's kernel shall hold.</summary>
public sealed record NodeSetting
{
    /// <summary>The sysctl's name under net.netfilter, such as nf_conntrack_max.</summary>
    [Required, MinLength(1), MaxLength(63)]
    public string? Name { get; init; }

    /// <summary>The value; time-outs in seconds.</summary>
    [Required, Range(0, 4294967295000)]
    public long? Value { get; init; }

    /// <summary>The policy that sets it.</summary>
    [Required, MaxLength(253)]
    public string? Policy { get; init; }

    /// <summary>The policy's field that it comes from, such as timeouts.tcp.established.</summary>
    [MaxLength(253)]
    public string? Field { get; init; }

    /// <summary>How the value was computed, when it was.</summary>
    [MaxLength(1024)]
    public string? Rule { get; init; }

    /// <summary>Enforce writes the value and keeps it; Observe only compares.</summary>
    [Required]
    public PolicyMode? Mode { get; init; }

    /// <summary>What becomes of the value when the setting leaves the plan.</summary>
    [Required]
    public RemovalPolicy? OnRemoval { get; init; }

    /// <summary>True when a greater value is as good: buckets that follow the table's size never shrink.</summary>
    public bool? AtLeast { get; init; }
}

/// <summary>A setting that was asked for and that this node must not have.</summary>
public sealed record RefusedSetting
{
    /// <summary>The sysctl's name.</summary>
    [Required, MinLength(1), MaxLength(63)]
    public string? Name { get; init; }

    /// <summary>The policy that asks for it.</summary>
    [Required, MaxLength(253)]
    public string? Policy { get; init; }

    /// <summary>One word, such as OverMemoryLimit.</summary>
    [Required, MaxLength(63)]
    public string? Reason { get; init; }

    /// <summary>Why, with the figures, and what to do.</summary>
    [MaxLength(1024)]
    public string? Message { get; init; }
}

/// <summary>From which usage of the table the node reports pressure.</summary>
public sealed record NodePressure
{
    /// <summary>Usage in percent from which the node warns.</summary>
    [Range(1, 99)]
    public int? WarningPercent { get; init; }

    /// <summary>Usage in percent from which the node is critical.</summary>
    [Range(2, 100)]
    public int? CriticalPercent { get; init; }

    /// <summary>Whether the controller keeps a condition ConntrackPressure on the Node; left out: no.</summary>
    public bool? NodeCondition { get; init; }

    /// <summary>The policy that says so; left out: the defaults.</summary>
    [MaxLength(253)]
    public string? Policy { get; init; }
}
