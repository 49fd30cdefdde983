using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// A dump's transport that knows how old the datagram in hand may be, and lets the matches of one datagram be deleted before
/// the next is taken.
/// </summary>
/// <remarks>
/// The kernel fills a datagram ahead: the first one while the request is sent, each other one at the end of the call that
/// takes the datagram before it (netlink_dump_start and netlink_recvmsg in net/netlink/af_netlink.c). So what the datagram in
/// hand says was read when the call <em>before</em> the one that gave it began, at the earliest, and its reader's own work
/// on the datagram before it is part of its age.
/// </remarks>
/// <param name="inner">The socket.</param>
/// <param name="batch">Gets the matches.</param>
/// <param name="time">The clock.</param>
internal sealed class DumpClock(INetlinkTransport inner, DeleteBatch batch, TimeProvider time) : INetlinkTransport
{
    private long _filledFrom;

    public uint PortId => inner.PortId;

    public void Send(ReadOnlySpan<byte> datagram)
    {
        _filledFrom = time.GetTimestamp();
        inner.Send(datagram);
    }

    public int Receive(Span<byte> buffer)
    {
        Pass();
        return inner.Receive(buffer);
    }

    public int TryReceive(Span<byte> buffer)
    {
        Pass();
        return inner.TryReceive(buffer);
    }

    public void Dispose() => inner.Dispose();

    private void Pass()
    {
        batch.Flush();
        batch.Begin(_filledFrom);
        _filledFrom = time.GetTimestamp();
    }
}
