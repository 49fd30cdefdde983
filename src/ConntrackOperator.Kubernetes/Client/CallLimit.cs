namespace ConntrackOperator.Kubernetes.Client;

/// <summary>A caller's cancellation and a time limit as one token. The limit can be put off.</summary>
internal sealed class CallLimit : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _linked;
    private readonly CancellationToken _caller;

    public CallLimit(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _timer = new CancellationTokenSource(limit, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(caller, _timer.Token);
    }

    public CancellationToken Token => _linked.Token;

    /// <summary>Whether it was the time that ran out, not the caller who gave up.</summary>
    public bool TimedOut => _timer.IsCancellationRequested && !_caller.IsCancellationRequested;

    public void PutOff(TimeSpan limit) => _timer.CancelAfter(limit);

    public void Dispose()
    {
        _linked.Dispose();
        _timer.Dispose();
    }
}
