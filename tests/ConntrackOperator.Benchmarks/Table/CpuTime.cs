using System.Runtime.InteropServices;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>CPU seconds, user and system, by getrusage(2).</summary>
internal static unsafe partial class CpuTime
{
    private const int RUSAGE_SELF = 0;
    private const int RUSAGE_CHILDREN = -1;

    /// <summary>Of all threads of this process so far.</summary>
    internal static double OfThis() => Of(RUSAGE_SELF);

    /// <summary>Of the programs that this process has run to their end.</summary>
    internal static double OfChildren() => Of(RUSAGE_CHILDREN);

    private static double Of(int who)
    {
        // struct rusage: ru_utime and ru_stime, then fourteen longs.
        var usage = stackalloc long[18];
        return getrusage(who, usage) == 0
            ? usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6)
            : throw new InvalidOperationException($"getrusage: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrusage(int who, long* usage);
}
