using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// IP protocols by name: those that have a tracker by the names that the kernel prints, others that meet in tables by their
/// names in linux/in.h or, where it has none, in IANA's list (ospf, vrrp, l2tp).
/// </summary>
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
        ("igmp", Native.IPPROTO_IGMP),
        ("ipip", Native.IPPROTO_IPIP),
        ("ipv6", Native.IPPROTO_IPV6),
        ("esp", Native.IPPROTO_ESP),
        ("ah", Native.IPPROTO_AH),
        ("ospf", 89),
        ("pim", Native.IPPROTO_PIM),
        ("vrrp", 112),
        ("l2tp", 115),
    ];

    /// <summary>The names, in lower case.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. _names.Select(n => n.Name)];

    /// <summary>The name in lower case, or the number where there is none.</summary>
    public static string Name(byte protocol)
    {
        foreach (var (name, number) in _names)
        {
            if (number == protocol)
            {
                return name;
            }
        }

        return protocol.ToString(CultureInfo.InvariantCulture);
    }

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

    /// <summary>Whether the kernel tracks it by more than its addresses.</summary>
    internal static bool HasTracker(byte protocol) => HasPorts(protocol) || IsIcmp(protocol) || IsGre(protocol);

    /// <summary>Whether it is TCP, UDP, SCTP, DCCP or UDP-Lite.</summary>
    public static bool HasPorts(byte protocol) => protocol is Native.IPPROTO_TCP or Native.IPPROTO_UDP
        or Native.IPPROTO_SCTP or Native.IPPROTO_DCCP or Native.IPPROTO_UDPLITE;

    /// <summary>Whether it is ICMP or ICMPv6.</summary>
    public static bool IsIcmp(byte protocol) => protocol is Native.IPPROTO_ICMP or Native.IPPROTO_ICMPV6;

    /// <summary>Whether it is GRE.</summary>
    public static bool IsGre(byte protocol) => protocol == Native.IPPROTO_GRE;

    internal static bool HasStates(byte protocol) => protocol is Native.IPPROTO_TCP or Native.IPPROTO_SCTP or Native.IPPROTO_DCCP;
}
