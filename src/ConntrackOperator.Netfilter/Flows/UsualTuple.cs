using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// Short cuts through what nearly every message holds: the tuple of an IPv4 protocol with ports, and TCP's state, laid out
/// as the kernel always has. What does not look just so is left to the full decoder, so this changes only the speed.
/// A test compares the two on every message.
/// </summary>
internal static class UsualTuple
{
    // Offsets into CTA_TUPLE_ORIG: CTA_TUPLE_IP {V4_SRC, V4_DST}, CTA_TUPLE_PROTO {NUM, SRC_PORT, DST_PORT}.
    private const int Bytes = 48;
    private const int SourceAt = 8;
    private const int DestinationAt = 16;
    private const int ProtocolAt = 28;
    private const int SourcePortAt = 36;
    private const int DestinationPortAt = 44;

    // The attribute headers (length, type) at 0, 4, 12, 20, 24, 32 and 40, as they lie in memory.
    private static readonly ulong _addressesAndSource = Words(0x80010014, 0x00010008);
    private static readonly uint _destination = Word(0x00020008);
    private static readonly ulong _protocolAndNumber = Words(0x8002001c, 0x00010005);
    private static readonly uint _sourcePort = Word(0x00020006);
    private static readonly uint _destinationPort = Word(0x00030006);

    // CTA_PROTOINFO_TCP and its CTA_PROTOINFO_TCP_STATE; the former's length varies with what a version adds.
    private static readonly uint _tcpInfoType = Word(0x80010000);
    private static readonly uint _tcpInfoTypeMask = Word(0xffff0000);
    private static readonly uint _tcpState = Word(0x00010005);

    // CTA_PROTOINFO_TCP_FLAGS_{ORIGINAL,REPLY}: struct nf_ct_tcp_flags, the flags and their mask.
    private const int TcpBytes = 44;
    private static readonly uint _tcpFlagsOriginal = Word(0x00040006);
    private static readonly uint _tcpFlagsReply = Word(0x00050006);

    internal static bool TryRead(ReadOnlySpan<byte> wire, ref FlowTuple tuple)
    {
        if (wire.Length != Bytes)
        {
            return false;
        }

        ref var start = ref MemoryMarshal.GetReference(wire);
        if (Read<ulong>(ref start, 0) != _addressesAndSource
            || Read<uint>(ref start, 12) != _destination
            || Read<ulong>(ref start, 20) != _protocolAndNumber
            || Read<uint>(ref start, 32) != _sourcePort
            || Read<uint>(ref start, 40) != _destinationPort)
        {
            return false;
        }

        tuple.SourceLow = BigEndian(Read<uint>(ref start, SourceAt));
        tuple.DestinationLow = BigEndian(Read<uint>(ref start, DestinationAt));
        tuple.ProtocolNumber = Read<byte>(ref start, ProtocolAt);
        tuple.First = BigEndian(Read<ushort>(ref start, SourcePortAt));
        tuple.Second = BigEndian(Read<ushort>(ref start, DestinationPortAt));
        return true;
    }

    internal static bool TryReadTcpState(ReadOnlySpan<byte> wire, out byte state)
    {
        state = 0;
        if (wire.Length < 12)
        {
            return false;
        }

        ref var start = ref MemoryMarshal.GetReference(wire);
        if ((Read<uint>(ref start, 0) & _tcpInfoTypeMask) != _tcpInfoType
            || MemoryMarshal.Read<ushort>(wire) != wire.Length
            || Read<uint>(ref start, 4) != _tcpState)
        {
            return false;
        }

        state = Read<byte>(ref start, 8);
        return true;
    }

    /// <summary>The flags of both directions, where <see cref="TryReadTcpState"/> has read the state of the same bytes.</summary>
    internal static bool TryReadTcpFlags(ReadOnlySpan<byte> wire, out byte original, out byte reply)
    {
        original = reply = 0;
        if (wire.Length != TcpBytes)
        {
            return false;
        }

        ref var start = ref MemoryMarshal.GetReference(wire);
        if (Read<uint>(ref start, 28) != _tcpFlagsOriginal || Read<uint>(ref start, 36) != _tcpFlagsReply)
        {
            return false;
        }

        original = Read<byte>(ref start, 32);
        reply = Read<byte>(ref start, 40);
        return true;
    }

    // The length was checked once, above.
    private static T Read<T>(ref byte start, int at) => Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref start, at));

    private static uint BigEndian(uint value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static ushort BigEndian(ushort value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    // A header is two 16-bit words in the machine's order: length, then type.
    private static uint Word(uint typeAndLength) =>
        BitConverter.IsLittleEndian ? typeAndLength : (typeAndLength << 16) | (typeAndLength >> 16);

    private static ulong Words(uint first, uint second) => BitConverter.IsLittleEndian
        ? ((ulong)Word(second) << 32) | Word(first)
        : ((ulong)Word(first) << 32) | Word(second);
}
