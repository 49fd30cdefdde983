namespace ConntrackOperator.Kubernetes.Events;

/// <summary>Allows a burst, and then one more for each refill time.</summary>
internal sealed class TokenBucket(int burst, TimeSpan refill, TimeProvider time)
{
    private double _tokens = burst;
    private long _at = time.GetTimestamp();

    public bool IsFull => Tokens() >= burst;

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
