using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ConntrackOperator.TestKit;

/// <summary>Signals to a process that a test started; the program <c>kill</c> is not on every machine that has the SDK.</summary>
public static partial class Signals
{
    /// <summary>SIGINT, what Ctrl+C sends.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGTERM, by which a kubelet or systemd asks a program to end.</summary>
    public const int Terminate = 15;

    /// <summary>Sends a signal; a process that has ended meanwhile is left alone.</summary>
    public static void Send(Process process, int signal) => _ = kill(process.Id, signal);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
