namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// A time-out that packets may have armed during a part of this boot. A change that was seen between two looks may have been made
/// at any time between them, so the old value's span ends with the later look and the new value's begins with the earlier one.
/// </summary>
/// <param name="Key">
/// The sysctl's name; time-out objects count under the sysctl whose place they take. Names that begin with '?' are no value:
/// see <see cref="TimeoutHistory"/>.
/// </param>
/// <param name="Seconds">The time-out; 0 where <paramref name="Key"/> is no value.</param>
/// <param name="From">From when on, by the monotonic clock, which begins with the boot.</param>
/// <param name="Until">Until when, by the same clock.</param>
/// <param name="IsOpen">Whether the last look still found it, so that it may be armed now as well.</param>
public sealed record TimeoutSpan(string Key, long Seconds, TimeSpan From, TimeSpan Until, bool IsOpen);
