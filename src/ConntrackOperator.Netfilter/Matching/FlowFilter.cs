using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>
/// Which entries to read. All given conditions must hold. The kernel is asked to leave out what it can (family, mark, zone,
/// status, protocol, single IPv4 addresses, ports of TCP and UDP, ICMP's fields), and everything is checked again after decoding: older
/// kernels pass over conditions that they don't know.
/// </summary>
public sealed record FlowFilter
{
    /// <summary>Every entry.</summary>
    public static FlowFilter All { get; } = new();

    /// <summary>The version of IP.</summary>
    public FlowFamily Family { get; init; }

    /// <summary>The mark, in the bits of <see cref="MarkMask"/>.</summary>
    public uint? Mark { get; init; }

    /// <summary>The bits of the mark that count.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>What the status bits of <see cref="StatusMask"/> must be.</summary>
    public FlowStatus Status { get; init; }

    /// <summary>The status bits that count.</summary>
    public FlowStatus StatusMask { get; init; }

    /// <summary>Conditions as in a policy or a flush.</summary>
    public FlowMatch? Match { get; init; }
}
