namespace ConntrackOperator.Netfilter.Idle;

/// <summary>A time-out that the last packet of an entry may have armed, if that packet passed within a certain time.</summary>
/// <param name="Seconds">The time-out; of one that is not known, the most that there can be.</param>
/// <param name="IsAnything">Whether it may be any time-out.</param>
/// <param name="From">From when on it was armed, in seconds since the boot.</param>
/// <param name="Until">Until when it was armed.</param>
/// <param name="IsUnlikely">
/// Whether it can only have been if a packet that arms nothing came after it: such a one makes nothing idle for longer.
/// </param>
internal readonly record struct ArmedTimeout(uint Seconds, bool IsAnything, long From, long Until, bool IsUnlikely = false)
{
    internal const long Ever = long.MaxValue / 4;

    /// <summary>Any time-out, armed within a certain time.</summary>
    internal static ArmedTimeout Anything(long from, long until) => new(uint.MaxValue, true, from, until);
}
