using System.Runtime.InteropServices;
using System.Text;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>Asks for a dump and hands on its messages until the kernel says that it is done.</summary>
internal static class NetlinkDump
{
    /// <summary>The kernel fills at most 32 KiB a datagram, and looks at the size of the receive buffer for it.</summary>
    internal const int BufferBytes = 64 * 1024;

    /// <param name="transport">The socket.</param>
    /// <param name="operation">What this is, for errors.</param>
    /// <param name="request">The whole request message.</param>
    /// <param name="sequence">The request's sequence number; answers to other requests are passed over.</param>
    /// <param name="buffer">Where datagrams are received.</param>
    /// <param name="visitor">Gets the messages.</param>
    /// <param name="cancellationToken">Looked at once a datagram.</param>
    /// <exception cref="NetlinkException">
    /// The kernel's error; ENOBUFS when it had to drop messages (start again); EMSGSIZE for a datagram that was cut off;
    /// EBADMSG for one that makes no sense.
    /// </exception>
    internal static DumpOutcome Run<TVisitor>(
        INetlinkTransport transport,
        string operation,
        scoped ReadOnlySpan<byte> request,
        uint sequence,
        scoped Span<byte> buffer,
        ref TVisitor visitor,
        CancellationToken cancellationToken)
        where TVisitor : struct, IMessageVisitor, allows ref struct
    {
        transport.Send(request);
        var port = transport.PortId;
        var interrupted = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = transport.Receive(buffer);
            if (length > buffer.Length)
            {
                throw new NetlinkException(operation, Errno.EMSGSIZE, "an answer was longer than the buffer");
            }

            var messages = new MessageReader(buffer[..length]);
            while (messages.Next())
            {
                if (messages.Sequence != sequence || messages.PortId != port)
                {
                    continue;
                }

                interrupted |= (messages.Flags & Nl.NLM_F_DUMP_INTR) != 0;
                if (messages.Type >= Nl.NLMSG_MIN_TYPE)
                {
                    if (!visitor.Visit(messages.Type, messages.Payload))
                    {
                        return DumpOutcome.Stopped;
                    }

                    continue;
                }

                if (EndsDump(messages.Type, messages.Flags, messages.Payload, operation))
                {
                    return interrupted ? DumpOutcome.Interrupted : DumpOutcome.Complete;
                }
            }

            if (messages.Malformed)
            {
                throw new NetlinkException(operation, Errno.EBADMSG, "an answer's length can't be right");
            }
        }
    }

    /// <summary>The kernel's words in an error or done message: after the header that it repeats, where it has attributes.</summary>
    /// <param name="flags">The message's flags.</param>
    /// <param name="attributes">What follows the error code, and for NLMSG_ERROR the repeated request.</param>
    internal static string? ExtendedMessage(ushort flags, ReadOnlySpan<byte> attributes)
    {
        if ((flags & Nl.NLM_F_ACK_TLVS) == 0)
        {
            return null;
        }

        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            if (reader.Type == Nl.NLMSGERR_ATTR_MSG)
            {
                return Encoding.UTF8.GetString(reader.Value.TrimEnd((byte)0));
            }
        }

        return null;
    }

    /// <summary>The errno (0 for an acknowledgement) and the kernel's words in an NLMSG_ERROR.</summary>
    internal static int ReadError(ushort flags, ReadOnlySpan<byte> payload, out string? message)
    {
        message = null;
        if (payload.Length < sizeof(int))
        {
            return Errno.EBADMSG;
        }

        var error = MemoryMarshal.Read<int>(payload);

        // struct nlmsgerr: the code, the request's header, and the whole request unless it was capped.
        var original = payload[sizeof(int)..];
        if (original.Length >= Nl.HeaderBytes)
        {
            var repeated = (flags & Nl.NLM_F_CAPPED) != 0 ? Nl.HeaderBytes : MemoryMarshal.Read<uint>(original);
            if (repeated <= (uint)original.Length)
            {
                message = ExtendedMessage(flags, original[Math.Min(Nl.Align((int)repeated), original.Length)..]);
            }
        }

        return error == int.MinValue ? Errno.EBADMSG : Math.Abs(error);
    }

    private static bool EndsDump(ushort type, ushort flags, ReadOnlySpan<byte> payload, string operation)
    {
        switch (type)
        {
            case Nl.NLMSG_DONE:
                // The dump's result follows: negative when it broke off (netlink_dump_done).
                var result = payload.Length >= sizeof(int) ? MemoryMarshal.Read<int>(payload) : 0;
                return result >= 0 || result == int.MinValue
                    ? true
                    : throw new NetlinkException(operation, -result, ExtendedMessage(flags, payload[sizeof(int)..]));

            case Nl.NLMSG_ERROR:
                var errno = ReadError(flags, payload, out var message);

                // An acknowledgement, of a request which asked for one, precedes nothing in a dump: it was empty.
                return errno == 0 ? true : throw new NetlinkException(operation, errno, message);

            case Nl.NLMSG_OVERRUN:
                throw new NetlinkException(operation, Errno.ENOBUFS);

            default:
                return false;
        }
    }
}
