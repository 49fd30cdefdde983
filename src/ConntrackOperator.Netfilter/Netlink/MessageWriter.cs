using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>Writes ctnetlink messages one after the other into a buffer.</summary>
internal ref struct MessageWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _start;

    /// <summary>Bytes written so far.</summary>
    internal int Length { get; private set; }

    /// <summary>What was written so far.</summary>
    internal readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Begins a message with its struct nfgenmsg.</summary>
    internal void Begin(ushort operation, ushort flags, uint sequence, byte family, ushort subsystem = Ctnetlink.NFNL_SUBSYS_CTNETLINK)
    {
        _start = Length;
        var header = _buffer.Slice(Length, Nl.HeaderBytes + Nl.GenericBytes);
        header.Clear();
        var type = (ushort)((subsystem << 8) | operation);
        MemoryMarshal.Write(header[4..], in type);
        MemoryMarshal.Write(header[6..], in flags);
        MemoryMarshal.Write(header[8..], in sequence);
        header[Nl.HeaderBytes] = family;
        header[Nl.HeaderBytes + 1] = Ctnetlink.NFNETLINK_V0;
        Length += header.Length;
    }

    /// <summary>Ends the message by filling in its length.</summary>
    internal readonly void End()
    {
        var length = (uint)(Length - _start);
        MemoryMarshal.Write(_buffer[_start..], in length);
    }

    /// <summary>Makes another request, with another number, of a message that was written before.</summary>
    internal static void Readdress(Span<byte> message, ushort operation, uint sequence)
    {
        var type = (ushort)((Ctnetlink.NFNL_SUBSYS_CTNETLINK << 8) | operation);
        MemoryMarshal.Write(message[4..], in type);
        MemoryMarshal.Write(message[8..], in sequence);
    }

    /// <summary>Copies a whole attribute's value under <paramref name="type"/>.</summary>
    internal void Attribute(int type, scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(type, value.Length));
    }

    internal void BigEndian16(int type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(type, sizeof(ushort)), value);

    internal void BigEndian32(int type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(type, sizeof(uint)), value);

    /// <summary>Opens an attribute that holds attributes; give the result to <see cref="EndNest"/>.</summary>
    internal int BeginNest(int type)
    {
        var at = Length;
        Reserve(type | Nl.NLA_F_NESTED, 0);
        return at;
    }

    internal readonly void EndNest(int at)
    {
        var length = (ushort)(Length - at);
        MemoryMarshal.Write(_buffer[at..], in length);
    }

    private Span<byte> Reserve(int type, int length)
    {
        var header = _buffer.Slice(Length, Nl.AttributeHeaderBytes + Nl.Align(length));
        header.Clear();
        var total = (ushort)(Nl.AttributeHeaderBytes + length);
        var wireType = (ushort)type;
        MemoryMarshal.Write(header, in total);
        MemoryMarshal.Write(header[2..], in wireType);
        Length += header.Length;
        return header.Slice(Nl.AttributeHeaderBytes, length);
    }
}
