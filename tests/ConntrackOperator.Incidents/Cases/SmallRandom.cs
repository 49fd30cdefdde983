namespace ConntrackOperator.Incidents.Cases;

/// <summary>SplitMix64: the same numbers for a seed everywhere.</summary>
internal sealed class SmallRandom(int seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>From 0 to below a bound.</summary>
    internal int Below(int bound)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)bound);
    }
}
