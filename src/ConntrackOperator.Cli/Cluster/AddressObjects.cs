using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>What is read of a Pod.</summary>
internal sealed record PodObject
{
    public ObjectMeta? Metadata { get; init; }

    public PodObjectSpec? Spec { get; init; }

    public PodObjectStatus? Status { get; init; }
}

/// <summary>What is read of a Pod's spec.</summary>
internal sealed record PodObjectSpec
{
    public bool? HostNetwork { get; init; }
}

/// <summary>What is read of a Pod's status.</summary>
internal sealed record PodObjectStatus
{
    public string? Phase { get; init; }

    public List<PodAddress>? PodIPs { get; init; }
}

/// <summary>One address of a Pod.</summary>
internal sealed record PodAddress
{
    public string? Ip { get; init; }
}

/// <summary>What is read of a Service.</summary>
internal sealed record ServiceObject
{
    public ObjectMeta? Metadata { get; init; }

    public ServiceObjectSpec? Spec { get; init; }
}

/// <summary>What is read of a Service's spec.</summary>
internal sealed record ServiceObjectSpec
{
    public List<string>? ClusterIPs { get; init; }
}
