using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long a UDP entry stays without a packet.</summary>
public sealed record UdpTimeoutsSpec
{
    /// <summary>Packets in one direction only, and the first seconds of an exchange (udp_timeout; the kernel's default is 30s).</summary>
    [Duration]
    public string? Unreplied { get; init; }

    /// <summary>Packets in both directions for more than two seconds (udp_timeout_stream; 2m).</summary>
    [Duration]
    public string? Stream { get; init; }
}
