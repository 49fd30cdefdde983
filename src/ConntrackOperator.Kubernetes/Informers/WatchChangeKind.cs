namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>What happened to an object in a store.</summary>
public enum WatchChangeKind
{
    /// <summary>It is new to the store.</summary>
    Added,

    /// <summary>It is another version of the same object.</summary>
    Modified,

    /// <summary>It is gone.</summary>
    Deleted,
}
