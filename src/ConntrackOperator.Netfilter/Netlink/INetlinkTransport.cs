namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>Sends and receives whole netlink datagrams; a test plays the kernel behind it.</summary>
internal interface INetlinkTransport : IDisposable
{
    /// <summary>The port number that answers carry.</summary>
    uint PortId { get; }

    /// <exception cref="NetlinkException">It could not be sent.</exception>
    void Send(ReadOnlySpan<byte> datagram);

    /// <summary>Waits for one datagram.</summary>
    /// <returns>Its real length, which is more than the buffer's when it was cut off.</returns>
    /// <exception cref="NetlinkException">ENOBUFS when the kernel had to drop something, ETIMEDOUT when nothing came.</exception>
    int Receive(Span<byte> buffer);

    /// <summary>Takes one datagram if one is there.</summary>
    /// <returns>Its real length, or 0 when none is there.</returns>
    /// <exception cref="NetlinkException">ENOBUFS when the kernel had to drop something.</exception>
    int TryReceive(Span<byte> buffer);
}
