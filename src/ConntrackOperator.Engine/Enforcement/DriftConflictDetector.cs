namespace ConntrackOperator.Engine.Enforcement;

/// <summary>Counts how often one key had to be put back lately.</summary>
internal sealed class DriftConflictDetector
{
    private readonly Queue<long> _rewrites = new();
    private bool _contested;
    private long _last;

    /// <summary>Rewrites since the start.</summary>
    public long Total { get; private set; }

    public void Rewritten(long now, TimeProvider time, EnforcerOptions options)
    {
        Total++;
        _last = now;
        _rewrites.Enqueue(now);
        if (_rewrites.Count >= options.ContestedAfter)
        {
            _contested |= time.GetElapsedTime(_rewrites.Peek(), now) < options.ContestWindow;
            _rewrites.Dequeue();
        }
    }

    /// <summary>From the rewrite that was one too many until none was needed for a whole window.</summary>
    public bool IsContested(long now, TimeProvider time, EnforcerOptions options)
    {
        _contested &= SinceLast(now, time) < options.ContestWindow;
        return _contested;
    }

    /// <summary>How long ago the last rewrite was.</summary>
    public TimeSpan SinceLast(long now, TimeProvider time) =>
        Total == 0 ? TimeSpan.MaxValue : time.GetElapsedTime(_last, now);
}
