namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>The kernel or the socket refused a netlink request, or answered something that is not netlink.</summary>
public sealed class NetlinkException : Exception
{
    /// <summary>An error of the operation named.</summary>
    /// <param name="operation">What was being done, such as "dump the conntrack table".</param>
    /// <param name="errno">The system's error number.</param>
    /// <param name="kernelMessage">The kernel's own words (extended acknowledgement), where it gave any.</param>
    public NetlinkException(string operation, int errno, string? kernelMessage = null)
        : base(kernelMessage is null
            ? $"Could not {operation}: {Interop.Errno.Describe(errno)}."
            : $"Could not {operation}: {Interop.Errno.Describe(errno)}: {kernelMessage.TrimEnd('.')}.")
    {
        Operation = operation;
        Errno = errno;
        KernelMessage = kernelMessage;
    }

    /// <summary>What was being done.</summary>
    public string Operation { get; }

    /// <summary>The system's error number.</summary>
    public int Errno { get; }

    /// <summary>The kernel's own words, or null.</summary>
    public string? KernelMessage { get; }

    /// <summary>
    /// Whether this kernel has no such interface, or this process may not use it, so that another source should be tried.
    /// </summary>
    internal bool IsNotAvailable => Errno is Interop.Errno.EPERM or Interop.Errno.EACCES or Interop.Errno.EPROTONOSUPPORT
        or Interop.Errno.EOPNOTSUPP or Interop.Errno.EAFNOSUPPORT or Interop.Errno.EINVAL;
}
