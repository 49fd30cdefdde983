namespace ConntrackOperator.Controller.Flushes;

/// <summary>
/// For how long flushes have run, by the monotonic clock from when this leader first saw them: a clock that is set must neither end a
/// flush early nor keep it running. What went before, under another leader perhaps, is taken from the times in the status once, within
/// what can be. Not thread-safe: flushes are worked on one after another.
/// </summary>
internal sealed class FlushTimes(TimeProvider time)
{
    private readonly Dictionary<string, (string Uid, TimeSpan Before, long SeenAt)> _seen = new(StringComparer.Ordinal);

    /// <summary>Since the nodes were told.</summary>
    /// <param name="name">The flush.</param>
    /// <param name="uid">Its UID.</param>
    /// <param name="before">How long that has been by the clock on the wall.</param>
    /// <param name="longest">What counts at most of that.</param>
    public TimeSpan SinceStart(string name, string uid, TimeSpan before, TimeSpan longest)
    {
        if (!_seen.TryGetValue(name, out var seen) || seen.Uid != uid)
        {
            before = before < TimeSpan.Zero ? TimeSpan.Zero : before > longest ? longest : before;
            _seen[name] = seen = (uid, before, time.GetTimestamp());
        }

        return seen.Before + time.GetElapsedTime(seen.SeenAt);
    }

    public void Forget(string name) => _seen.Remove(name);
}
