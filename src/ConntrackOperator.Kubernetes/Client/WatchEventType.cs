namespace ConntrackOperator.Kubernetes.Client;

/// <summary>What a watch says. Its errors are thrown as <see cref="ApiException"/>.</summary>
public enum WatchEventType
{
    /// <summary>The object is new, or began to match the selectors.</summary>
    Added,

    /// <summary>The object changed.</summary>
    Modified,

    /// <summary>The object is gone, or no longer matches the selectors.</summary>
    Deleted,

    /// <summary>Nothing happened up to this resource version.</summary>
    Bookmark,
}
