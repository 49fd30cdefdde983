using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>
/// How long an entry stays without a packet. Durations as in Kubernetes: 30s, 10m, 24h; whole seconds. A change reaches an existing entry
/// with its next packet.
/// </summary>
public sealed record TimeoutsSpec
{
    /// <summary>Protocols that the kernel has no module for (nf_conntrack_generic_timeout; the kernel's default is 10m).</summary>
    [Duration]
    public string? Generic { get; init; }

    /// <summary>ICMP (nf_conntrack_icmp_timeout; 30s).</summary>
    [Duration]
    public string? Icmp { get; init; }

    /// <summary>ICMPv6 (nf_conntrack_icmpv6_timeout; 30s).</summary>
    [Duration]
    public string? Icmpv6 { get; init; }

    /// <summary>TCP, by state.</summary>
    public TcpTimeoutsSpec? Tcp { get; init; }

    /// <summary>UDP.</summary>
    public UdpTimeoutsSpec? Udp { get; init; }

    /// <summary>SCTP, by state.</summary>
    public SctpTimeoutsSpec? Sctp { get; init; }

    /// <summary>DCCP, by state; gone from newer kernels, where it is reported as NotSupported.</summary>
    public DccpTimeoutsSpec? Dccp { get; init; }

    /// <summary>GRE.</summary>
    public GreTimeoutsSpec? Gre { get; init; }
}
