using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster;

/// <summary>The part of core/v1 Node that planning needs; with thousands of nodes in memory the rest is left out.</summary>
public sealed record NodeObject : IKubernetesObject
{
    /// <inheritdoc />
    public string? ApiVersion { get; init; }

    /// <inheritdoc />
    public string? Kind { get; init; }

    /// <inheritdoc />
    public ObjectMeta? Metadata { get; init; }

    /// <summary>What the kubelet says.</summary>
    public NodeObjectStatus? Status { get; init; }
}

/// <summary>What the kubelet says of its node.</summary>
public sealed record NodeObjectStatus
{
    /// <summary>Resources, as quantities: cpu, memory.</summary>
    public Dictionary<string, string>? Capacity { get; init; }

    /// <summary>Ready and others.</summary>
    public List<NodeObjectCondition>? Conditions { get; init; }
}

/// <summary>A node's condition; not its heartbeat, which is no news here.</summary>
public sealed record NodeObjectCondition
{
    /// <summary>Such as Ready.</summary>
    public string? Type { get; init; }

    /// <summary>True, False or Unknown.</summary>
    public string? Status { get; init; }

    /// <summary>One word, such as KubeletReady.</summary>
    public string? Reason { get; init; }

    /// <summary>When the status last went from one value to another.</summary>
    public DateTimeOffset? LastTransitionTime { get; init; }
}
