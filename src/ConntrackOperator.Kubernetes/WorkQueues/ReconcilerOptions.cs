namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>How a <see cref="Reconciler{TKey}"/> works.</summary>
public sealed record ReconcilerOptions
{
    /// <summary>What is reconciled, for spans. "reconcile".</summary>
    public string Name { get; init; } = "reconcile";

    /// <summary>How many keys are worked on at once. 1.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>How long one pass over a key may take; then it is cancelled and counts as failed. 2 minutes.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long work in progress may go on after the stop before it is cancelled. 3 s, which is less than what
    /// a leader has between giving up and the end of its lease.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Told of each pass: its duration and whether it succeeded.</summary>
    public Action<TimeSpan, bool>? Reconciled { get; init; }
}
