namespace ConntrackOperator.Agent.Health;

/// <summary>When something last got on, by the monotonic clock.</summary>
internal sealed class Progress(TimeProvider time)
{
    private long _last = time.GetTimestamp();

    public TimeSpan Since => time.GetElapsedTime(Interlocked.Read(ref _last));

    public void Mark() => Interlocked.Exchange(ref _last, time.GetTimestamp());
}
