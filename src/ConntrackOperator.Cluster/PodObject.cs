using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster;

/// <summary>The part of core/v1 Pod that says which address belongs to whom.</summary>
public sealed record PodObject
{
    /// <summary>The object's metadata.</summary>
    public ObjectMeta? Metadata { get; init; }

    /// <summary>What was asked for.</summary>
    public PodObjectSpec? Spec { get; init; }

    /// <summary>What the kubelet says of it.</summary>
    public PodObjectStatus? Status { get; init; }
}

/// <summary>What is read of a Pod's spec.</summary>
public sealed record PodObjectSpec
{
    /// <summary>Whether its addresses are the node's.</summary>
    public bool? HostNetwork { get; init; }

    /// <summary>The node that it runs on.</summary>
    public string? NodeName { get; init; }
}

/// <summary>What is read of a Pod's status.</summary>
public sealed record PodObjectStatus
{
    /// <summary>Such as Running.</summary>
    public string? Phase { get; init; }

    /// <summary>Its addresses, at most one a family.</summary>
    public List<PodAddress>? PodIPs { get; init; }
}

/// <summary>One address of a Pod.</summary>
public sealed record PodAddress
{
    /// <summary>The address as text.</summary>
    public string? Ip { get; init; }
}
