using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>
/// A socket to the kernel's netfilter subsystems, or to rtnetlink. It belongs to the network namespace of the thread that opened it,
/// whichever thread uses it later. Not safe for several threads at once.
/// </summary>
internal sealed unsafe class NetlinkSocket : INetlinkTransport
{
    // The kernel answers at once or not at all; this only keeps a broken one from hanging the caller for ever.
    private const int ReceiveTimeoutSeconds = 30;

    private int _fd;

    private NetlinkSocket(int fd, uint portId)
    {
        _fd = fd;
        PortId = portId;
    }

    /// <inheritdoc/>
    public uint PortId { get; }

    /// <exception cref="NetlinkException">This kernel has no such socket, or no descriptor is to be had.</exception>
    internal static NetlinkSocket Open() => Open(Nl.NETLINK_NETFILTER, "open a netfilter netlink socket");

    /// <exception cref="NetlinkException">No descriptor is to be had, or it is not allowed.</exception>
    internal static NetlinkSocket OpenRoute() => Open(TcActions.NETLINK_ROUTE, "open a routing netlink socket");

    private static NetlinkSocket Open(int protocol, string operation)
    {
        var fd = Libc.socket(Native.AF_NETLINK, Native.SOCK_RAW | Native.SOCK_CLOEXEC, protocol);
        if (fd < 0)
        {
            throw new NetlinkException(operation, Marshal.GetLastPInvokeError());
        }

        // Both make errors better, and older kernels (before 4.3 and 4.12) do without.
        Set(fd, Nl.SOL_NETLINK, Nl.NETLINK_CAP_ACK, 1);
        Set(fd, Nl.SOL_NETLINK, Nl.NETLINK_EXT_ACK, 1);
        var timeout = new Timeval { Seconds = ReceiveTimeoutSeconds };
        _ = Libc.setsockopt(fd, Native.SOL_SOCKET, Native.SO_RCVTIMEO, &timeout, (uint)sizeof(Timeval));

        var address = new SockaddrNl { Family = Native.AF_NETLINK };
        var length = (uint)sizeof(SockaddrNl);
        if (Libc.bind(fd, &address, length) < 0 || Libc.getsockname(fd, &address, &length) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            _ = Libc.close(fd);
            throw new NetlinkException(operation, errno);
        }

        return new NetlinkSocket(fd, address.PortId);
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        ObjectDisposedException.ThrowIf(_fd < 0, this);
        var kernel = new SockaddrNl { Family = Native.AF_NETLINK };
        fixed (byte* p = datagram)
        {
            while (true)
            {
                var sent = Libc.sendto(_fd, p, (nuint)datagram.Length, 0, &kernel, (uint)sizeof(SockaddrNl));
                if (sent == datagram.Length)
                {
                    return;
                }

                var errno = sent < 0 ? Marshal.GetLastPInvokeError() : Errno.EMSGSIZE;
                if (errno != Errno.EINTR)
                {
                    throw new NetlinkException("send a netlink request", errno);
                }
            }
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        var got = Receive(buffer, Native.MSG_TRUNC);
        return got >= 0
            ? got
            : throw new NetlinkException("receive a netlink answer", got == -Errno.EAGAIN ? Errno.ETIMEDOUT : -got);
    }

    /// <inheritdoc/>
    public int TryReceive(Span<byte> buffer)
    {
        var got = Receive(buffer, Native.MSG_TRUNC | Native.MSG_DONTWAIT);
        return got >= 0 ? got : got == -Errno.EAGAIN ? 0 : throw new NetlinkException("receive a netlink answer", -got);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd >= 0)
        {
            _ = Libc.close(_fd);
            _fd = -1;
        }
    }

    /// <returns>The datagram's length, or minus the errno.</returns>
    private int Receive(Span<byte> buffer, int flags)
    {
        ObjectDisposedException.ThrowIf(_fd < 0, this);
        SockaddrNl sender;
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var size = (uint)sizeof(SockaddrNl);
                var got = Libc.recvfrom(_fd, p, (nuint)buffer.Length, flags, &sender, &size);
                if (got >= 0)
                {
                    // Any process may send to a bound netlink socket; the kernel is port 0.
                    if (sender.PortId != 0)
                    {
                        continue;
                    }

                    return (int)got;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    private static int Set(int fd, int level, int name, int value) =>
        Libc.setsockopt(fd, level, name, &value, sizeof(int));
}
