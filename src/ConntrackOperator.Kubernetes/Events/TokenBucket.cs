namespace ConntrackOperator.Kubernetes.Events;

/// <summary>Allows a burst, and then one more for each refill time. Not safe for several threads at once.</summary>
/// <param name="burst">How many at once, 1 or more.</param>
/// <param name="refill">The time after which there is one more.</param>
/// <param name="time">The clock.</param>
public sealed class TokenBucket(int burst, TimeSpan refill, TimeProvider time)
{
    private double _tokens = burst;
    private long _at = time.GetTimestamp();

    /// <summary>Whether nothing was taken, or all of it is there again.</summary>
    public bool IsFull => Tokens() >= burst;

    /// <summary>Takes one.</summary>
    /// <returns>False: there is none left.</returns>
    public bool TryTake()
    {
        _tokens = Tokens();
        _at = time.GetTimestamp();
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    private double Tokens() => Math.Min(burst, _tokens + (time.GetElapsedTime(_at) / refill));
}
