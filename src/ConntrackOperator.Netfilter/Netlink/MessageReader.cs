using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>
/// Walks the messages of one datagram. Never reads outside it; a length that can't be right ends the walk and sets
/// <see cref="Malformed"/>.
/// </summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

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
        if (_rest.Length < Nl.HeaderBytes)
        {
            Malformed |= !_rest.IsEmpty;
            return false;
        }

        // Netlink headers are in the machine's own byte order.
        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < Nl.HeaderBytes || length > (uint)_rest.Length)
        {
            Malformed = true;
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(_rest[4..]);
        Flags = MemoryMarshal.Read<ushort>(_rest[6..]);
        Sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        PortId = MemoryMarshal.Read<uint>(_rest[12..]);
        Payload = _rest[Nl.HeaderBytes..(int)length];
        _rest = _rest[Math.Min(Nl.Align((int)length), _rest.Length)..];
        return true;
    }
}
