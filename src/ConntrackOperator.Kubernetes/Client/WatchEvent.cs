namespace ConntrackOperator.Kubernetes.Client;

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after it (its last state, when deleted); null for a bookmark and for what does not fit.</param>
/// <param name="ResourceVersion">From where a watch can be taken up again after this event.</param>
/// <param name="Undecodable">What the event is about when its object does not fit the type; then there is no
/// <paramref name="Object"/>.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, string ResourceVersion, UndecodableItem? Undecodable = null)
    where T : class;
