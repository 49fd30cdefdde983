using System.Buffers.Text;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Formatting;

/// <summary>Puts a line together in a buffer that is known to be long enough.</summary>
internal ref struct Utf8Line(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    internal int Length { get; private set; }

    internal void Text(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer[Length..]);
        Length += text.Length;
    }

    /// <summary>Text and spaces after it up to a width, as %-8s does.</summary>
    internal void Padded(scoped ReadOnlySpan<byte> text, int width)
    {
        Text(text);
        for (var i = text.Length; i < width; i++)
        {
            _buffer[Length++] = (byte)' ';
        }
    }

    internal void Number(ulong number)
    {
        Utf8Formatter.TryFormat(number, _buffer[Length..], out var length);
        Length += length;
    }

    /// <summary>At least so many digits, led by zeros.</summary>
    internal void Number(int number, byte digits)
    {
        Utf8Formatter.TryFormat(number, _buffer[Length..], out var length, new('D', digits));
        Length += length;
    }

    internal void Hexadecimal(ushort number)
    {
        Text("0x"u8);
        Utf8Formatter.TryFormat(number, _buffer[Length..], out var length, 'x');
        Length += length;
    }

    /// <summary>A name, a number and a space.</summary>
    internal void Pair(scoped ReadOnlySpan<byte> nameAndEquals, ulong number)
    {
        Text(nameAndEquals);
        Number(number);
        Text(" "u8);
    }

    internal void Address(FlowAddress address, bool full)
    {
        if (full)
        {
            Length += AddressText.FormatFull(address, _buffer[Length..]);
            return;
        }

        AddressText.TryFormat(address, _buffer[Length..], out var length);
        Length += length;
    }

    internal void TrimSpace()
    {
        if (Length > 0 && _buffer[Length - 1] == ' ')
        {
            Length--;
        }
    }
}
