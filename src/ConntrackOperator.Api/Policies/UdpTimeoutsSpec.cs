using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long a UDP entry stays without a packet.</summary>
public sealed record UdpTimeoutsSpec
{
    /// <summary>
    /// An entry that is not assured yet: no reply, or only replies within two seconds of its first packet (udp_timeout; the kernel's
    /// default is 30s). Both of what <c>flows</c> and <c>top</c> call UNREPLIED and REPLIED: an answered DNS query, too.
    /// </summary>
    [Duration]
    public string? Unreplied { get; init; }

    /// <summary>
    /// An assured entry: packets in both directions, also later than two seconds after the first one (udp_timeout_stream; 2m, on
    /// older kernels 3m). What <c>flows</c> and <c>top</c> call STREAM.
    /// </summary>
    [Duration]
    public string? Stream { get; init; }
}
