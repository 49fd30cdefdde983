using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Interop;

/// <summary>struct timespec of linux/time.h, as the C library of 64-bit systems has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Timespec
{
    internal nint Seconds;
    internal nint Nanoseconds;
}
