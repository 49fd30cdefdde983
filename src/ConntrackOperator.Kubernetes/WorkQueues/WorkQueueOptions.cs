namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>The back-off of a <see cref="WorkQueue{TKey}"/>, and who measures it.</summary>
public sealed record WorkQueueOptions
{
    /// <summary>The wait after a key's first failure; it doubles with each further one. 5 ms.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The longest wait after a failure. 1,000 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(1000);

    /// <summary>Told how long a key was in the queue when it is handed out.</summary>
    public Action<TimeSpan>? Started { get; init; }

    /// <summary>Told how long a key was worked on when it is done.</summary>
    public Action<TimeSpan>? Finished { get; init; }

    /// <summary>The wait after so many earlier failures.</summary>
    internal TimeSpan BackOff(int failures)
    {
        // 2^40 base delays are far beyond any maximum, and still a number that does not overflow.
        var ticks = BaseDelay.Ticks * Math.Pow(2, Math.Min(failures, 40));
        return ticks >= MaxDelay.Ticks ? MaxDelay : TimeSpan.FromTicks((long)ticks);
    }
}
