using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// Reads and writes the files of /proc and /sys: open, read or write, close, nothing allocated. A FileStream would stat,
/// seek and buffer; an agent polls some forty-five of these files every second or two.
/// </summary>
internal static unsafe class SmallFile
{
    /// <summary>Reads up to <paramref name="buffer"/>'s length.</summary>
    /// <remarks>Paths here are UTF-8 and end in a NUL.</remarks>
    /// <returns>Bytes read, or minus the errno.</returns>
    internal static int Read(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        var fd = Open(path, Native.O_RDONLY | Native.O_CLOEXEC);
        if (fd < 0)
        {
            return fd;
        }

        var total = ReadFrom(fd, buffer);
        _ = Libc.close(fd);
        return total;
    }

    /// <summary>Reads the whole file, growing <paramref name="buffer"/> as needed.</summary>
    /// <returns>Bytes read, or minus the errno.</returns>
    internal static int ReadAll(ReadOnlySpan<byte> path, ref byte[] buffer)
    {
        var fd = Open(path, Native.O_RDONLY | Native.O_CLOEXEC);
        if (fd < 0)
        {
            return fd;
        }

        var total = 0;
        while (true)
        {
            var got = ReadFrom(fd, buffer.AsSpan(total));
            if (got < 0)
            {
                total = got;
                break;
            }

            total += got;
            if (total < buffer.Length)
            {
                break;
            }

            Array.Resize(ref buffer, buffer.Length * 2);
        }

        _ = Libc.close(fd);
        return total;
    }

    /// <summary>Replaces what the file holds, in one write call: the kernel parses a sysctl from one write.</summary>
    /// <returns>0, or minus the errno.</returns>
    internal static int Write(ReadOnlySpan<byte> path, ReadOnlySpan<byte> content)
    {
        // O_TRUNC means nothing to /proc; it keeps an ordinary file (a tree in a test) from keeping old digits.
        var fd = Open(path, Native.O_WRONLY | Native.O_TRUNC | Native.O_CLOEXEC);
        if (fd < 0)
        {
            return fd;
        }

        var result = 0;
        fixed (byte* p = content)
        {
            nint written;
            do
            {
                written = Libc.write(fd, p, (nuint)content.Length);
                if (written < 0)
                {
                    result = -Marshal.GetLastPInvokeError();
                }
            }
            while (written < 0 && result == -Errno.EINTR);

            if (written >= 0)
            {
                result = written == content.Length ? 0 : -Errno.EIO;
            }
        }

        return Libc.close(fd) < 0 && result == 0 ? -Marshal.GetLastPInvokeError() : result;
    }

    /// <summary>Whether the file is there at all, readable or not.</summary>
    internal static bool Exists(ReadOnlySpan<byte> path)
    {
        fixed (byte* p = path)
        {
            return Libc.access(p, Native.F_OK) == 0;
        }
    }

    /// <returns>The descriptor, or minus the errno.</returns>
    internal static int Open(ReadOnlySpan<byte> path, int flags)
    {
        fixed (byte* p = path)
        {
            while (true)
            {
                var fd = Libc.open(p, flags);
                if (fd >= 0)
                {
                    return fd;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    /// <summary>Reads until the end of the file or of the buffer.</summary>
    /// <returns>Bytes read, or minus the errno.</returns>
    internal static int ReadFrom(int fd, Span<byte> buffer)
    {
        var total = 0;
        fixed (byte* p = buffer)
        {
            while (total < buffer.Length)
            {
                var got = Libc.read(fd, p + total, (nuint)(buffer.Length - total));
                if (got == 0)
                {
                    break;
                }

                if (got > 0)
                {
                    total += (int)got;
                    continue;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    return -errno;
                }
            }
        }

        return total;
    }
}
