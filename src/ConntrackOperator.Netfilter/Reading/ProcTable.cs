using System.Buffers;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>The table as /proc/net/nf_conntrack prints it (or ip_conntrack, on kernels before 2.6.20).</summary>
internal sealed class ProcTable(string procPath) : IFlowTable
{
    // The kernel gives at most a page a read; a line is a few hundred bytes.
    private const int BufferBytes = 64 * 1024;

    // thread-self, because a network namespace is a thread's.
    private readonly string[] _paths =
    [
        procPath + "/thread-self/net/nf_conntrack",
        procPath + "/net/nf_conntrack",
        procPath + "/net/ip_conntrack",
    ];

    public FlowSource Source => FlowSource.Proc;

    public FlowReadResult Read<TVisitor>(FlowFilter filter, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        var fd = Open();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            return Read(fd, buffer, wanted, ref visitor, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _ = Libc.close(fd);
        }
    }

    private static FlowReadResult Read<TVisitor>(
        int fd, byte[] buffer, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        long entries = 0;
        long undecodable = 0;
        var kept = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var got = ReadBlock(fd, buffer.AsSpan(kept));
            var text = buffer.AsSpan(0, kept + got);
            while (!text.IsEmpty)
            {
                var end = text.IndexOf((byte)'\n');
                if (end < 0)
                {
                    break;
                }

                entries++;
                var flow = FlowLineParser.Parse(text[..end], out var parsed, wanted);
                text = text[(end + 1)..];
                if (!parsed)
                {
                    undecodable++;
                }
                else if (!visitor.Visit(flow))
                {
                    return new FlowReadResult(FlowSource.Proc, entries, false, false, undecodable);
                }
            }

            if (got == 0)
            {
                // A last line without its end was cut off.
                undecodable += text.IsEmpty ? 0 : 1;
                return new FlowReadResult(FlowSource.Proc, entries, text.IsEmpty, false, undecodable);
            }

            if (text.Length == buffer.Length)
            {
                throw new NetlinkException("read the conntrack table from /proc", Errno.EMSGSIZE);
            }

            text.CopyTo(buffer);
            kept = text.Length;
        }
    }

    private static unsafe int ReadBlock(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var got = Libc.read(fd, p, (nuint)buffer.Length);
                if (got >= 0)
                {
                    return (int)got;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    throw new NetlinkException("read the conntrack table from /proc", errno);
                }
            }
        }
    }

    private int Open()
    {
        var errno = Errno.ENOENT;
        foreach (var path in _paths)
        {
            var fd = SmallFile.Open(NativePath.Encode(path), Native.O_RDONLY | Native.O_CLOEXEC);
            if (fd >= 0)
            {
                return fd;
            }

            errno = fd == -Errno.ENOENT ? errno : -fd;
        }

        throw new NetlinkException("open the conntrack table in /proc", errno);
    }
}
