using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>A network such as 10.0.0.0/8 or 2001:db8::/32.</summary>
public readonly record struct FlowNetwork
{
    private readonly ulong _highMask;
    private readonly ulong _lowMask;

    /// <summary>The network that <paramref name="address"/> is in; the bits after the prefix are dropped.</summary>
    /// <param name="address">Any address of it.</param>
    /// <param name="prefixLength">0 to 32, or to 128 for IPv6.</param>
    /// <exception cref="ArgumentOutOfRangeException">The prefix does not fit the address.</exception>
    public FlowNetwork(FlowAddress address, int prefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, address.IsIPv6 ? 128 : 32);
        PrefixLength = prefixLength;
        _highMask = address.IsIPv6 ? Mask(prefixLength) : 0;
        _lowMask = address.IsIPv6 ? Mask(prefixLength - 64) : Mask(prefixLength) >> 32;
        Address = address with { High = address.High & _highMask, Low = address.Low & _lowMask };
    }

    /// <summary>The first address.</summary>
    public FlowAddress Address { get; }

    /// <summary>How many leading bits all its addresses share.</summary>
    public int PrefixLength { get; }

    /// <summary>Reads CIDR notation; an address alone is a network of one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out FlowNetwork network)
    {
        network = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (!FlowAddress.TryParse(slash < 0 ? text : text![..slash], out var address))
        {
            return false;
        }

        var most = address.IsIPv6 ? 128 : 32;
        var prefix = most;
        if (slash >= 0
            && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > most))
        {
            return false;
        }

        network = new FlowNetwork(address, prefix);
        return true;
    }

    /// <summary>Whether the address is in it. An IPv4 address is in no IPv6 network.</summary>
    public bool Contains(FlowAddress address) =>
        address.IsIPv6 == Address.IsIPv6
        && (address.High & _highMask) == Address.High
        && (address.Low & _lowMask) == Address.Low;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{PrefixLength}");

    private static ulong Mask(int bits) => bits <= 0 ? 0 : bits >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - bits);
}
