using System.Globalization;

namespace ConntrackOperator.Planning.Validation;

/// <summary>
/// Addresses and networks, as the API server's CEL functions isIP and isCIDR check them (Go's net/netip, without zones and
/// IPv4-mapped addresses). .NET's own parsers let more through: 010.0.0.1, 1.2, [::1], ::1%eth0.
/// </summary>
public static class NetworkSyntax
{
    /// <summary>The longest text that is looked at, in characters.</summary>
    public const int MaximumLength = 64;

    private const int Ipv4Bytes = 4;
    private const int Ipv6Bytes = 16;

    /// <summary>Whether this is an address, or a network as address/prefix length with no bit set after the prefix.</summary>
    /// <param name="text">Such as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32.</param>
    /// <returns>True when it is.</returns>
    public static bool IsAddressOrNetwork(string? text)
    {
        if (text is null or { Length: > MaximumLength })
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Ipv6Bytes];
        var slash = text.LastIndexOf('/');
        var length = ReadAddress(slash < 0 ? text : text.AsSpan(0, slash), bytes);
        return length > 0 && (slash < 0
            || (TryReadNumber(text.AsSpan(slash + 1), length * 8, out var prefix) && IsZeroAfter(bytes[..length], prefix)));
    }

    /// <returns>Bytes of the address: 4 or 16; 0 when it is none.</returns>
    private static int ReadAddress(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (!text.Contains(':'))
        {
            return TryReadIpv4(text, bytes) ? Ipv4Bytes : 0;
        }

        bytes.Clear();
        var gap = text.IndexOf("::", StringComparison.Ordinal);
        if (gap < 0)
        {
            return ReadGroups(text, bytes) == Ipv6Bytes && !IsIpv4Mapped(bytes) ? Ipv6Bytes : 0;
        }

        // The gap stands for at least one group.
        Span<byte> tail = stackalloc byte[Ipv6Bytes];
        var head = gap == 0 ? 0 : ReadGroups(text[..gap], bytes, mayEndInIpv4: false);
        var rest = gap + 2 == text.Length ? 0 : ReadGroups(text[(gap + 2)..], tail);
        if (head < 0 || rest < 0 || head + rest > Ipv6Bytes - 2)
        {
            return 0;
        }

        bytes[head..].Clear();
        tail[..rest].CopyTo(bytes[(Ipv6Bytes - rest)..]);
        return IsIpv4Mapped(bytes) ? 0 : Ipv6Bytes;
    }

    /// <returns>Bytes read; -1 when this is no list of groups.</returns>
    private static int ReadGroups(ReadOnlySpan<char> text, Span<byte> bytes, bool mayEndInIpv4 = true)
    {
        var count = 0;
        foreach (var range in text.Split(':'))
        {
            var group = text[range];
            if (count <= Ipv6Bytes - Ipv4Bytes && mayEndInIpv4 && range.End.Value == text.Length && TryReadIpv4(group, bytes[count..]))
            {
                return count + Ipv4Bytes;
            }

            if (count == Ipv6Bytes || group.Length is 0 or > 4
                || !ushort.TryParse(group, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return -1;
            }

            bytes[count++] = (byte)(value >> 8);
            bytes[count++] = (byte)value;
        }

        return count;
    }

    private static bool TryReadIpv4(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        var count = 0;
        foreach (var range in text.Split('.'))
        {
            if (count == Ipv4Bytes || !TryReadNumber(text[range], byte.MaxValue, out var value))
            {
                return false;
            }

            bytes[count++] = (byte)value;
        }

        return count == Ipv4Bytes;
    }

    // No sign and no leading zeros: 010 is eight to some programs and ten to others.
    private static bool TryReadNumber(ReadOnlySpan<char> text, int maximum, out int value)
    {
        value = 0;
        return text.Length is > 0 and <= 3 && (text[0] != '0' || text.Length == 1)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= maximum;
    }

    private static bool IsIpv4Mapped(ReadOnlySpan<byte> bytes) =>
        !bytes[..10].ContainsAnyExcept((byte)0) && bytes[10] == 0xff && bytes[11] == 0xff;

    private static bool IsZeroAfter(ReadOnlySpan<byte> bytes, int prefix)
    {
        var whole = prefix / 8;
        return prefix == bytes.Length * 8
            || ((bytes[whole] & (0xff >> (prefix % 8))) == 0 && !bytes[(whole + 1)..].ContainsAnyExcept((byte)0));
    }
}
