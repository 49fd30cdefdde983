namespace ConntrackOperator.Kubernetes.Events;

/// <summary>Whether an event should worry anybody.</summary>
public enum EventType
{
    /// <summary>Something happened as it should.</summary>
    Normal,

    /// <summary>Something that a person may want to look at.</summary>
    Warning,
}
