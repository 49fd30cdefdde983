namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// How long no packet of an entry has passed, within bounds: the kernel says when an entry will expire, not which time-out its
/// last packet armed. What decides over a deletion is <see cref="LeastSeconds"/>.
/// </summary>
/// <param name="LeastSeconds">At least so many seconds; 0 where nothing is known.</param>
/// <param name="MostSeconds">At most so many seconds; <see cref="NoBound"/> where there is no upper bound.</param>
public readonly record struct IdleTime(uint LeastSeconds, uint MostSeconds)
{
    /// <summary>The value of <see cref="MostSeconds"/> that means that there is no upper bound.</summary>
    public const uint NoBound = uint.MaxValue;

    /// <summary>Nothing is known: anything from 0 up.</summary>
    public static IdleTime Unknown => new(0, NoBound);

    /// <summary>Whether either bound says something.</summary>
    public bool IsKnown => LeastSeconds > 0 || MostSeconds != NoBound;

    /// <summary>At least so long.</summary>
    public TimeSpan Least => TimeSpan.FromSeconds(LeastSeconds);

    /// <summary>At most so long; null where there is no upper bound.</summary>
    public TimeSpan? Most => MostSeconds == NoBound ? null : TimeSpan.FromSeconds(MostSeconds);
}
