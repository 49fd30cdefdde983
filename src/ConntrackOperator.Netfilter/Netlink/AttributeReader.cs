using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>
/// Walks netlink attributes. The first thing wrong (a length out of bounds, a value too short) sets <see cref="Failed"/>
/// and ends the walk; values read after that are 0. So a decoder checks once, at the end.
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>The current attribute's type, without the flags for nesting and byte order.</summary>
    internal int Type { get; private set; }

    internal ReadOnlySpan<byte> Value { get; private set; }

    internal bool Failed { get; private set; }

    internal bool Next()
    {
        if (_rest.Length < Nl.AttributeHeaderBytes)
        {
            Failed |= !_rest.IsEmpty;
            return false;
        }

        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < Nl.AttributeHeaderBytes || length > _rest.Length)
        {
            Fail();
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(_rest[2..]) & Nl.NLA_TYPE_MASK;
        Value = _rest[Nl.AttributeHeaderBytes..length];
        _rest = _rest[Math.Min(Nl.Align(length), _rest.Length)..];
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
        _rest = [];
    }
}
