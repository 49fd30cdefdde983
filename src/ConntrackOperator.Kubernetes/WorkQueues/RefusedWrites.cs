namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>
/// Writes that somebody refused, so that they are tried again now and then and not at each change of what they are computed from: a
/// refusal is no conflict, and whoever refused will do so again until a person changes something. Safe for concurrent use.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class RefusedWrites(TimeProvider time)
{
    /// <summary>The wait after a first refusal; it doubles with each further one.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Times, long? Generation, long At, string Why)> _refused = new(StringComparer.Ordinal);

    /// <summary>How long the next attempt has to wait, and why the last one was refused; null: it may be made now.</summary>
    /// <param name="key">What is written.</param>
    /// <param name="generation">The generation of the object that it is written to: a new one may well be accepted.</param>
    public (TimeSpan Left, string Why)? Waits(string key, long? generation)
    {
        lock (_lock)
        {
            if (!_refused.TryGetValue(key, out var refusal) || refusal.Generation != generation)
            {
                return null;
            }

            var left = Wait(refusal.Times) - time.GetElapsedTime(refusal.At);
            return left > TimeSpan.Zero ? (left, refusal.Why) : null;
        }
    }

    /// <summary>Takes a refusal.</summary>
    /// <returns>How long the next attempt has to wait.</returns>
    public TimeSpan Refused(string key, long? generation, string why)
    {
        lock (_lock)
        {
            var times = _refused.TryGetValue(key, out var before) && before.Generation == generation ? before.Times + 1 : 1;
            _refused[key] = (times, generation, time.GetTimestamp(), why);
            return Wait(times);
        }
    }

    /// <summary>It was accepted, or there is nothing to write any more.</summary>
    public void Forget(string key)
    {
        lock (_lock)
        {
            _refused.Remove(key);
        }
    }

    private static TimeSpan Wait(int times) =>
        FirstWait * Math.Pow(2, Math.Min(times - 1, 20)) is var wait && wait < LongestWait ? wait : LongestWait;
}
