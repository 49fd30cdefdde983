using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long an SCTP entry stays without a packet, by the association's state.</summary>
public sealed record SctpTimeoutsSpec
{
    /// <summary>Closed (sctp_timeout_closed; the kernel's default is 10s).</summary>
    [Duration]
    public string? Closed { get; init; }

    /// <summary>INIT was sent (sctp_timeout_cookie_wait; 3s).</summary>
    [Duration]
    public string? CookieWait { get; init; }

    /// <summary>COOKIE ECHO was sent (sctp_timeout_cookie_echoed; 3s).</summary>
    [Duration]
    public string? CookieEchoed { get; init; }

    /// <summary>Open associations (sctp_timeout_established; 210s).</summary>
    [Duration]
    public string? Established { get; init; }

    /// <summary>SHUTDOWN was sent (sctp_timeout_shutdown_sent; 3s).</summary>
    [Duration]
    public string? ShutdownSent { get; init; }

    /// <summary>SHUTDOWN was received (sctp_timeout_shutdown_recd; 3s).</summary>
    [Duration]
    public string? ShutdownReceived { get; init; }

    /// <summary>SHUTDOWN ACK was sent (sctp_timeout_shutdown_ack_sent; 3s).</summary>
    [Duration]
    public string? ShutdownAckSent { get; init; }

    /// <summary>A heartbeat was seen on a path that is new (sctp_timeout_heartbeat_sent; 30s).</summary>
    [Duration]
    public string? HeartbeatSent { get; init; }
}
