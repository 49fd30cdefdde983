namespace ConntrackOperator.Kubernetes.Events;

/// <summary>An event as it was recorded.</summary>
internal sealed record PendingEvent(EventKey Key, string Note, DateTimeOffset At);
