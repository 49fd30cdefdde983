using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Interop;

/// <summary>struct timeval, as SO_RCVTIMEO takes it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Timeval
{
    internal nint Seconds;
    internal nint Microseconds;
}
