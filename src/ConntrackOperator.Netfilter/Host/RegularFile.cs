using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>Tells files from what only looks like one: to open a FIFO waits for a writer, and a device is not to be replaced.</summary>
public static class RegularFile
{
    // linux/stat.h, linux/fcntl.h: struct statx is 256 bytes, stx_mode the two at 28.
    private const int StatxBytes = 256;
    private const int ModeAt = 28;
    private const uint StatxType = 1;
    private const int CurrentDirectory = -100;
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>Whether there is something of that name, once links are followed, that is no regular file.</summary>
    /// <param name="path">The path.</param>
    /// <returns>False also where nothing is there, or it can't be told.</returns>
    public static unsafe bool IsSomethingElse(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            var buffer = stackalloc byte[StatxBytes];
            return Libc.statx(CurrentDirectory, (byte*)name, 0, StatxType, buffer) == 0
                && (*(ushort*)(buffer + ModeAt) & TypeMask) != Regular;
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }
}
