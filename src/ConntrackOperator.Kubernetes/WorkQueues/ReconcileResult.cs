namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>What is to happen to a key after it was reconciled.</summary>
public readonly record struct ReconcileResult
{
    private ReconcileResult(TimeSpan? after, bool failed)
    {
        After = after;
        Failed = failed;
    }

    /// <summary>Done until something changes.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Not done, without a reason to tell anybody (a conflict, say): again with back-off.</summary>
    public static ReconcileResult Retry => new(null, true);

    /// <summary>When to call again; null: when something changes.</summary>
    public TimeSpan? After { get; }

    /// <summary>Whether it counts as a failure, for the back-off.</summary>
    public bool Failed { get; }

    /// <summary>Done for now; again after a while even if nothing changes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than zero.</exception>
    public static ReconcileResult RequeueAfter(TimeSpan after)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(after, TimeSpan.Zero);
        return new(after, false);
    }
}
