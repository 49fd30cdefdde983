namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>Growing waits with chance in them, so that many clients of one server do not come back in step.</summary>
internal sealed class BackOff(TimeSpan min, TimeSpan max, Random random)
{
    private int _failures;

    /// <summary>The wait after one more failure: between the full delay and 1.5 times that.</summary>
    /// <param name="atLeast">What the server asked for; null: nothing.</param>
    public TimeSpan Next(TimeSpan? atLeast = null)
    {
        var delay = Math.Min(min.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 40)), max.TotalMilliseconds);
        _failures++;
        // Chance is added to what the server asked for as well: it has asked everybody for the same.
        var least = Math.Max(delay, atLeast?.TotalMilliseconds ?? 0);
        return TimeSpan.FromMilliseconds(least + (random.NextDouble() * 0.5 * delay));
    }

    public void Reset() => _failures = 0;
}
