using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>
/// Names on the disk: a file that was renamed is only sure to be there after a power cut when its directory was flushed too (man 2 fsync).
/// </summary>
public static class DirectoryFlush
{
    /// <summary>Flushes the directory to the disk.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">It can't be opened, or the disk failed. A file system that can't do it is no error.</exception>
    public static unsafe void ToDisk(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        int fd;
        fixed (byte* name = NativePath.Encode(path))
        {
            fd = Libc.open(name, Native.O_RDONLY | Native.O_CLOEXEC);
        }

        var error = fd < 0 || Libc.fsync(fd) < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (fd >= 0)
        {
            _ = Libc.close(fd);
        }

        if (error is not (0 or Errno.EINVAL))
        {
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }
}
