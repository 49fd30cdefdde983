using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster;

/// <summary>The part of core/v1 Service that says which address belongs to whom.</summary>
public sealed record ServiceObject
{
    /// <summary>The object's metadata.</summary>
    public ObjectMeta? Metadata { get; init; }

    /// <summary>What was asked for, and the addresses that were given.</summary>
    public ServiceObjectSpec? Spec { get; init; }
}

/// <summary>What is read of a Service's spec.</summary>
public sealed record ServiceObjectSpec
{
    /// <summary>Its addresses inside the cluster, at most one a family; "None" for a headless one.</summary>
    public List<string>? ClusterIPs { get; init; }
}
