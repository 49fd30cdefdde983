using System.Buffers.Text;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>Addresses as text, in the three forms that occur: dotted, shortened, and the kernel's full IPv6 form (%pI6).</summary>
internal static class AddressText
{
    private const int Groups = 8;

    internal static bool TryFormat(FlowAddress address, Span<byte> destination, out int written)
    {
        written = 0;
        Span<byte> text = stackalloc byte[FlowAddress.MaxTextBytes];
        var length = address.IsIPv6 ? FormatShortened(address, text) : FormatDotted((uint)address.Low, text);
        if (length > destination.Length)
        {
            return false;
        }

        text[..length].CopyTo(destination);
        written = length;
        return true;
    }

    /// <summary>Eight groups of four digits: 39 bytes.</summary>
    internal static int FormatFull(FlowAddress address, Span<byte> text)
    {
        if (!address.IsIPv6)
        {
            return FormatDotted((uint)address.Low, text);
        }

        var at = 0;
        for (var i = 0; i < Groups; i++)
        {
            if (i > 0)
            {
                text[at++] = (byte)':';
            }

            Utf8Formatter.TryFormat(Group(address, i), text[at..], out var length, new('x', 4));
            at += length;
        }

        return at;
    }

    /// <summary>Reads a dotted address.</summary>
    internal static bool TryParseV4(ReadOnlySpan<byte> text, out uint address)
    {
        address = 0;
        var value = 0u;
        var digits = 0;
        var dots = 0;
        foreach (var c in text)
        {
            var digit = (uint)(c - '0');
            if (digit <= 9)
            {
                value = (value * 10) + digit;
                if (++digits > 3 || value > 255)
                {
                    return false;
                }
            }
            else if (c == '.' && digits > 0 && dots < 3)
            {
                address = (address << 8) | value;
                value = 0;
                digits = 0;
                dots++;
            }
            else
            {
                return false;
            }
        }

        address = (address << 8) | value;
        return dots == 3 && digits > 0;
    }

    /// <summary>Reads an IPv6 address, full or shortened, with or without a dotted end.</summary>
    internal static bool TryParseV6(ReadOnlySpan<byte> text, out ulong high, out ulong low)
    {
        high = low = 0;
        Span<ushort> groups = stackalloc ushort[Groups];
        var count = 0;
        var gap = -1;
        if (text.StartsWith("::"u8))
        {
            gap = 0;
            text = text[2..];
        }

        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)':');
            var part = end < 0 ? text : text[..end];
            if (end < 0 && count <= Groups - 2 && part.Contains((byte)'.'))
            {
                if (!TryParseV4(part, out var dotted))
                {
                    return false;
                }

                groups[count++] = (ushort)(dotted >> 16);
                groups[count++] = (ushort)dotted;
                break;
            }

            if (count == Groups || part.Length is 0 or > 4 || !Utf8Parser.TryParse(part, out ushort group, out var used, 'x')
                || used != part.Length)
            {
                return false;
            }

            groups[count++] = group;
            if (end < 0)
            {
                break;
            }

            text = text[(end + 1)..];
            if (text.IsEmpty)
            {
                return false;
            }

            if (text[0] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                text = text[1..];
            }
        }

        if (gap < 0 ? count != Groups : count == Groups)
        {
            return false;
        }

        if (gap >= 0)
        {
            var tail = count - gap;
            groups[gap..count].CopyTo(groups[(Groups - tail)..]);
            groups[gap..(Groups - tail)].Clear();
        }

        for (var i = 0; i < 4; i++)
        {
            high = (high << 16) | groups[i];
            low = (low << 16) | groups[i + 4];
        }

        return true;
    }

    private static ushort Group(FlowAddress address, int index) =>
        (ushort)((index < 4 ? address.High : address.Low) >> (48 - (16 * (index & 3))));

    private static int FormatDotted(uint address, Span<byte> text)
    {
        var at = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            Utf8Formatter.TryFormat((byte)(address >> shift), text[at..], out var length);
            at += length;
            if (shift > 0)
            {
                text[at++] = (byte)'.';
            }
        }

        return at;
    }

    private static int FormatShortened(FlowAddress address, Span<byte> text)
    {
        var (start, length) = LongestZeros(address);

        // inet_ntop writes addresses that embed an IPv4 one (::ffff:a.b.c.d and ::a.b.c.d) with a dotted end.
        var dotted = start == 0 && (length == 6 || (length == 5 && Group(address, 5) == 0xffff));
        var groups = dotted ? 6 : Groups;
        var at = 0;
        for (var i = 0; i < groups; i++)
        {
            if (i >= start && i < start + length)
            {
                if (i == start)
                {
                    text[at++] = (byte)':';
                }

                continue;
            }

            if (i > 0)
            {
                text[at++] = (byte)':';
            }

            Utf8Formatter.TryFormat(Group(address, i), text[at..], out var used, 'x');
            at += used;
        }

        if (dotted)
        {
            text[at++] = (byte)':';
            return at + FormatDotted((uint)address.Low, text[at..]);
        }

        if (start + length == Groups && length > 0)
        {
            text[at++] = (byte)':';
        }

        return at;
    }

    /// <summary>The first longest run of two or more zero groups; length 0 and a start past the end when there is none.</summary>
    private static (int Start, int Length) LongestZeros(FlowAddress address)
    {
        var (best, bestLength) = (Groups, 0);
        for (var i = 0; i < Groups; i++)
        {
            var length = 0;
            while (i + length < Groups && Group(address, i + length) == 0)
            {
                length++;
            }

            if (length >= 2 && length > bestLength)
            {
                (best, bestLength) = (i, length);
            }

            i += length;
        }

        return (best, bestLength);
    }
}
