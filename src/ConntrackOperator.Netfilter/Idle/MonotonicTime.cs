namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// The system's monotonic clock: it begins with the boot, is the same for all processes, and neither jumps with the time of day nor
/// runs while the machine sleeps; the kernel's time-outs stand still then too.
/// </summary>
internal static class MonotonicTime
{
    internal static TimeSpan Now(TimeProvider time) => time.GetElapsedTime(0, time.GetTimestamp());
}
