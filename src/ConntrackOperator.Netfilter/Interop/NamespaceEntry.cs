namespace ConntrackOperator.Netfilter.Interop;

/// <summary>Moves the calling thread into another network namespace (setns(2)). There is no way back: use a thread that ends.</summary>
internal static unsafe class NamespaceEntry
{
    /// <returns>False: not there, not a network namespace, or not allowed (CAP_SYS_ADMIN).</returns>
    internal static bool TryEnter(string path)
    {
        int fd;
        fixed (byte* p = NativePath.Encode(path))
        {
            fd = Libc.open(p, Native.O_RDONLY | Native.O_CLOEXEC);
        }

        if (fd < 0)
        {
            return false;
        }

        try
        {
            return Libc.setns(fd, Native.CLONE_NEWNET) == 0;
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }
}
