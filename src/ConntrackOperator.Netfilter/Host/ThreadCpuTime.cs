using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>What a thread has cost.</summary>
public static class ThreadCpuTime
{
    /// <summary>
    /// CPU time of the calling thread since it began, in this program and in the kernel on its behalf: what a dump takes is among it
    /// (man 2 clock_gettime). Zero where the kernel does not tell.
    /// </summary>
    public static unsafe TimeSpan Now()
    {
        Timespec time;
        return Libc.clock_gettime(Native.CLOCK_THREAD_CPUTIME_ID, &time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
            : TimeSpan.Zero;
    }
}
