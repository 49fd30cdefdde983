using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>The protocols that have a tracker of their own, by the names that the kernel prints.</summary>
public static class FlowProtocols
{
    private static readonly (string Name, byte Number)[] _names =
    [
        ("icmp", Native.IPPROTO_ICMP),
        ("tcp", Native.IPPROTO_TCP),
        ("udp", Native.IPPROTO_UDP),
        ("dccp", Native.IPPROTO_DCCP),
        ("gre", Native.IPPROTO_GRE),
        ("icmpv6", Native.IPPROTO_ICMPV6),
        ("sctp", Native.IPPROTO_SCTP),
        ("udplite", Native.IPPROTO_UDPLITE),
    ];

    /// <summary>The name in lower case, or the number where there is none.</summary>
    public static string Name(byte protocol) => KnownName(protocol) ?? protocol.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a name, in any case, or a number from 0 to 255.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out byte protocol)
    {
        foreach (var (name, number) in _names)
        {
            if (string.Equals(name, text, StringComparison.OrdinalIgnoreCase))
            {
                protocol = number;
                return true;
            }
        }

        return byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out protocol);
    }

    /// <summary>The name in lower case, or null.</summary>
    internal static string? KnownName(byte protocol)
    {
        foreach (var (name, number) in _names)
        {
            if (number == protocol)
            {
                return name;
            }
        }

        return null;
    }

    internal static bool HasPorts(byte protocol) => protocol is Native.IPPROTO_TCP or Native.IPPROTO_UDP
        or Native.IPPROTO_SCTP or Native.IPPROTO_DCCP or Native.IPPROTO_UDPLITE;

    internal static bool IsIcmp(byte protocol) => protocol is Native.IPPROTO_ICMP or Native.IPPROTO_ICMPV6;

    internal static bool IsGre(byte protocol) => protocol == Native.IPPROTO_GRE;

    internal static bool HasStates(byte protocol) => protocol is Native.IPPROTO_TCP or Native.IPPROTO_SCTP or Native.IPPROTO_DCCP;
}
