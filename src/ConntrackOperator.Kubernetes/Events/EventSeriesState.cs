namespace ConntrackOperator.Kubernetes.Events;

/// <summary>An event that was written, and how often it has happened since.</summary>
internal sealed class EventSeriesState
{
    /// <summary>The event object's name; null as long as it has not been created.</summary>
    public string? Name { get; set; }

    public int Count { get; set; }

    public int WrittenCount { get; set; }

    public DateTimeOffset LastSeen { get; set; }

    public string Note { get; set; } = "";

    /// <summary>Monotonic.</summary>
    public long LastSeenAt { get; set; }

    /// <summary>Monotonic.</summary>
    public long LastWrittenAt { get; set; }
}
