namespace ConntrackOperator.Kubernetes.Transport;

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after it (its last state, when deleted); null for a bookmark.</param>
/// <param name="ResourceVersion">From where a watch can be taken up again after this event.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, string ResourceVersion)
    where T : class;
