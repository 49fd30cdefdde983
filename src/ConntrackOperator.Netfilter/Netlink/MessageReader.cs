using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>
/// Walks the messages of one datagram. Never reads outside it; a length that can't be right ends the walk and sets
/// <see cref="Malformed"/>.
/// </summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> rest = datagram;

    /// <summary>The current message's type: subsystem and operation, or NLMSG_*.</summary>
    internal ushort Type { get; private set; }

    internal ushort Flags { get; private set; }

    internal uint Sequence { get; private set; }

    internal uint PortId { get; private set; }

    /// <summary>What follows the header.</summary>
    internal ReadOnlySpan<byte> Payload { get; private set; }

    internal bool Malformed { get; private set; }

    internal bool Next()
    {
        if (rest.Length < Nl.HeaderBytes)
        {
            Malformed |= !rest.IsEmpty;
            return false;
        }

        // Netlink headers are in the machine's own byte order.
        var length = MemoryMarshal.Read<uint>(rest);
        if (length < Nl.HeaderBytes || length > (uint)rest.Length)
        {
            Malformed = true;
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(rest[4..]);
        Flags = MemoryMarshal.Read<ushort>(rest[6..]);
        Sequence = MemoryMarshal.Read<uint>(rest[8..]);
        PortId = MemoryMarshal.Read<uint>(rest[12..]);
        Payload = rest[Nl.HeaderBytes..(int)length];
        rest = rest[Math.Min(Nl.Align((int)length), rest.Length)..];
        return true;
    }
}
