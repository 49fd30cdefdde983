using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>An IPv4 or IPv6 address without an allocation.</summary>
/// <param name="High">The first eight bytes of an IPv6 address; 0 for IPv4.</param>
/// <param name="Low">The last eight bytes of an IPv6 address; the whole IPv4 address.</param>
/// <param name="IsIPv6">Which of the two it is.</param>
public readonly record struct FlowAddress(ulong High, ulong Low, bool IsIPv6)
{
    /// <summary>Bytes that are always enough for <see cref="TryFormat"/>.</summary>
    public const int MaxTextBytes = 45;

    /// <summary>Its IPv4 form.</summary>
    public static FlowAddress V4(uint address) => new(0, address, false);

    /// <summary>Reads text such as 192.0.2.1 or 2001:db8::1. No octal, hexadecimal or short IPv4 forms, no scope.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out FlowAddress address)
    {
        address = default;
        if (text is null || text.Length > MaxTextBytes || !Ascii.IsValid(text))
        {
            return false;
        }

        Span<byte> utf8 = stackalloc byte[MaxTextBytes];
        utf8 = utf8[..Encoding.ASCII.GetBytes(text, utf8)];
        if (AddressText.TryParseV4(utf8, out var v4))
        {
            address = V4(v4);
            return true;
        }

        if (AddressText.TryParseV6(utf8, out var high, out var low))
        {
            address = new FlowAddress(high, low, true);
            return true;
        }

        return false;
    }

    /// <summary>Writes it as inet_ntop does: dotted, or with the longest run of zero groups left out.</summary>
    /// <param name="destination">Where to, UTF-8.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when there is not room enough.</returns>
    public bool TryFormat(Span<byte> destination, out int written) => AddressText.TryFormat(this, destination, out written);

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextBytes];
        TryFormat(text, out var length);
        return Encoding.ASCII.GetString(text[..length]);
    }
}
