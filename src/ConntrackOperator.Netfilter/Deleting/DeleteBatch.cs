using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// Collects IPCTNL_MSG_CT_DELETE messages and sends many at once. Each names the original tuple, the zone and the id, so that
/// the kernel refuses (ENOENT) when another entry has taken the tuple meanwhile. A message without a tuple would flush the
/// whole table: none is ever written.
/// </summary>
internal sealed class DeleteBatch(INetlinkTransport transport) : IDisposable
{
    // What one message can take: headers, an IPv6 tuple with a zone, a zone, an id.
    private const int MaxMessageBytes = 256;
    private const int BatchBytes = 64 * 1024;

    // The kernel answers failures only. This bounds how many answers one send can queue.
    private const int MaxMessages = 400;

    private readonly byte[] _messages = new byte[BatchBytes];
    private readonly byte[] _answers = new byte[NetlinkDump.BufferBytes];
    private int _length;
    private int _pending;
    private uint _sequence;

    internal long Deleted { get; private set; }

    internal long Gone { get; private set; }

    internal long Failed { get; private set; }

    internal string? Error { get; private set; }

    /// <summary>Queues the deletion of one entry, and sends when there are enough.</summary>
    /// <returns>False when the entry can't be named safely: no tuple or no id.</returns>
    internal bool Add(scoped in Flow flow)
    {
        if (flow.OriginalWire.IsEmpty || flow.OriginalWire.Length > MaxMessageBytes / 2 || !flow.Has(FlowFields.Id))
        {
            return false;
        }

        if (_pending == MaxMessages || _messages.Length - _length < MaxMessageBytes)
        {
            Flush();
        }

        var writer = new MessageWriter(_messages.AsSpan(_length));
        writer.Begin(
            Ctnetlink.IPCTNL_MSG_CT_DELETE, Nl.NLM_F_REQUEST, ++_sequence, (byte)(flow.IsIPv6 ? Native.AF_INET6 : Native.AF_INET));
        writer.Attribute(Ctnetlink.CTA_TUPLE_ORIG | Nl.NLA_F_NESTED, flow.OriginalWire);
        if (flow.Has(FlowFields.Zone))
        {
            writer.BigEndian16(Ctnetlink.CTA_ZONE, flow.Zone);
        }

        writer.BigEndian32(Ctnetlink.CTA_ID, flow.Id);
        writer.End();
        _length += writer.Length;
        _pending++;
        return true;
    }

    /// <summary>Sends what is queued and counts what became of it.</summary>
    /// <exception cref="NetlinkException">It can't be sent, or this process may not delete.</exception>
    internal void Flush()
    {
        if (_pending == 0)
        {
            return;
        }

        // The kernel works through the messages inside send, so all its answers are there when it returns.
        var sent = _pending;
        transport.Send(_messages.AsSpan(0, _length));
        _length = 0;
        _pending = 0;
        Deleted += sent - ReadErrors();
    }

    public void Dispose() => transport.Dispose();

    private long ReadErrors()
    {
        var errors = 0L;
        while (true)
        {
            int got;
            try
            {
                got = transport.TryReceive(_answers);
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOBUFS)
            {
                // Some answers were lost: those entries count as deleted, and they are gone in any case.
                continue;
            }

            if (got == 0)
            {
                return errors;
            }

            var reader = new MessageReader(_answers.AsSpan(0, Math.Min(got, _answers.Length)));
            while (reader.Next())
            {
                if (reader.Type == Nl.NLMSG_ERROR)
                {
                    errors += Count(NetlinkDump.ReadError(reader.Flags, reader.Payload, out var message), message);
                }
            }
        }
    }

    private int Count(int errno, string? message)
    {
        switch (errno)
        {
            case 0:
                return 0;
            case Errno.ENOENT:
                Gone++;
                return 1;
            case Errno.EPERM:
                throw new NetlinkException("delete conntrack entries", errno, message);
            default:
                Failed++;
                Error ??= message ?? Errno.Describe(errno);
                return 1;
        }
    }
}
