using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>The object that an event is about.</summary>
public sealed record ObjectReference
{
    /// <summary>Group and version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>The kind.</summary>
    public required string Kind { get; init; }

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The namespace; null for a cluster-scoped object.</summary>
    public string? Namespace { get; init; }

    /// <summary>The UID. <c>kubectl describe</c> finds events by it; of a Node's events it expects the node's name here.</summary>
    public string? Uid { get; init; }

    /// <summary>A reference to an object as it was read.</summary>
    /// <param name="target">The object.</param>
    /// <param name="kind">Its kind, since the items of a list do not carry it.</param>
    /// <param name="apiVersion">Its group and version, for the same reason.</param>
    /// <exception cref="ArgumentException">The object has no name.</exception>
    public static ObjectReference To(IKubernetesObject target, string kind, string apiVersion)
    {
        ArgumentNullException.ThrowIfNull(target);
        return new()
        {
            ApiVersion = apiVersion,
            Kind = kind,
            Name = target.Metadata?.Name ?? throw new ArgumentException("The object has no name.", nameof(target)),
            Namespace = target.Metadata.Namespace,
            Uid = target.Metadata.Uid,
        };
    }
}
