namespace ConntrackOperator.Api.Meta;

/// <summary>Points to an object whose deletion deletes the one that holds this reference.</summary>
public sealed record OwnerReference
{
    /// <summary>The owner's group and version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>The owner's kind.</summary>
    public string? Kind { get; init; }

    /// <summary>The owner's name.</summary>
    public string? Name { get; init; }

    /// <summary>The owner's UID.</summary>
    public string? Uid { get; init; }

    /// <summary>Whether the owner is the one that manages this object.</summary>
    public bool? Controller { get; init; }

    /// <summary>Whether the owner's foreground deletion waits for this object.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}
