namespace ConntrackOperator.Api.Meta;

/// <summary>The part of <c>metav1.ObjectMeta</c> that this project reads or writes; what is null is not sent.</summary>
public sealed record ObjectMeta
{
    /// <summary>The object's name.</summary>
    public string? Name { get; init; }

    /// <summary>The namespace; null for cluster-scoped objects.</summary>
    public string? Namespace { get; init; }

    /// <summary>A prefix from which the API server makes a name.</summary>
    public string? GenerateName { get; init; }

    /// <summary>Distinguishes an object from an earlier one of the same name.</summary>
    public string? Uid { get; init; }

    /// <summary>The stored version, opaque; sent back for optimistic concurrency.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts the changes of the spec.</summary>
    public long? Generation { get; init; }

    /// <summary>When the API server stored it first.</summary>
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set while a deletion waits for finalizers.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string>? Labels { get; init; }

    /// <summary>Annotations.</summary>
    public Dictionary<string, string>? Annotations { get; init; }

    /// <summary>Names of those who must act before a deletion completes.</summary>
    public List<string>? Finalizers { get; init; }

    /// <summary>Objects whose deletion deletes this one.</summary>
    public List<OwnerReference>? OwnerReferences { get; init; }
}
