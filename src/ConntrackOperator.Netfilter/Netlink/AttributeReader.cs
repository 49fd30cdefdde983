using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>
/// Walks netlink attributes. The first thing wrong (a length out of bounds, a value too short) sets <see cref="Failed"/>
/// and ends the walk; values read after that are 0. So a decoder checks once, at the end.
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private readonly ReadOnlySpan<byte> _attributes = attributes;

    // May lie beyond the end by what the last attribute lacks of its padding.
    private int _next;
    private int _valueAt;
    private int _valueLength;

    /// <summary>The current attribute's type, without the flags for nesting and byte order.</summary>
    internal int Type { get; private set; }

    internal readonly ReadOnlySpan<byte> Value => _attributes.Slice(_valueAt, _valueLength);

    internal bool Failed { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Next()
    {
        var left = _attributes.Length - _next;
        if (left < Nl.AttributeHeaderBytes)
        {
            Failed |= left > 0;
            return false;
        }

        // That the header is there was seen just now.
        ref var header = ref Unsafe.Add(ref MemoryMarshal.GetReference(_attributes), _next);
        int length = Unsafe.ReadUnaligned<ushort>(ref header);
        if (length < Nl.AttributeHeaderBytes || length > left)
        {
            Fail();
            return false;
        }

        Type = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref header, sizeof(ushort))) & Nl.NLA_TYPE_MASK;
        _valueAt = _next + Nl.AttributeHeaderBytes;
        _valueLength = length - Nl.AttributeHeaderBytes;
        _next += Nl.Align(length);
        return true;
    }

    internal byte Byte()
    {
        if (Value.Length >= 1)
        {
            return Value[0];
        }

        Fail();
        return 0;
    }

    internal ushort BigEndian16()
    {
        if (BinaryPrimitives.TryReadUInt16BigEndian(Value, out var value))
        {
            return value;
        }

        Fail();
        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint BigEndian32()
    {
        if (BinaryPrimitives.TryReadUInt32BigEndian(Value, out var value))
        {
            return value;
        }

        Fail();
        return 0;
    }

    internal ulong BigEndian64()
    {
        if (BinaryPrimitives.TryReadUInt64BigEndian(Value, out var value))
        {
            return value;
        }

        Fail();
        return 0;
    }

    /// <summary>Takes over the error of a reader of the attributes inside this one.</summary>
    internal void Absorb(scoped in AttributeReader nested)
    {
        if (nested.Failed)
        {
            Fail();
        }
    }

    internal void Fail()
    {
        Failed = true;
        _next = _attributes.Length;
    }
}
