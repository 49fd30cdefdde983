namespace ConntrackOperator.Kubernetes.Events;

/// <summary>Who reports events, and how many at most.</summary>
public sealed record EventRecorderOptions
{
    /// <summary>The program, such as <c>conntrack.dev/controller</c>; at most 128 characters.</summary>
    public required string ReportingController { get; init; }

    /// <summary>This instance of it: the pod's name, say; at most 128 characters.</summary>
    public required string ReportingInstance { get; init; }

    /// <summary>How many writes an object may cause at once before they are limited. 25.</summary>
    public int Burst { get; init; } = 25;

    /// <summary>How long it takes until an object may cause one more. 1 minute.</summary>
    public TimeSpan Refill { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Within what time the same thing is one event with a count. 10 minutes from the last.</summary>
    public TimeSpan SeriesWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often the count of a series is written at most. 30 s.</summary>
    public TimeSpan SeriesInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many events may wait to be written; more are dropped and counted. 1,000.</summary>
    public int QueueLimit { get; init; } = 1000;

    /// <summary>How many different events and objects are remembered for aggregation and limits. 4,096.</summary>
    public int MemoryLimit { get; init; } = 4096;
}
