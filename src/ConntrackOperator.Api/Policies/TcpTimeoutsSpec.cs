using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long a TCP entry stays without a packet, by the connection's state.</summary>
public sealed record TcpTimeoutsSpec
{
    /// <summary>A SYN was seen (tcp_timeout_syn_sent; the kernel's default is 2m).</summary>
    [Duration]
    public string? SynSent { get; init; }

    /// <summary>A SYN was answered (tcp_timeout_syn_recv; 1m).</summary>
    [Duration]
    public string? SynReceived { get; init; }

    /// <summary>Open connections, the longest-lived entries of most tables (tcp_timeout_established; 120h).</summary>
    [Duration]
    public string? Established { get; init; }

    /// <summary>One side closed (tcp_timeout_fin_wait; 2m).</summary>
    [Duration]
    public string? FinWait { get; init; }

    /// <summary>The other side closed and the application has not yet (tcp_timeout_close_wait; 1m).</summary>
    [Duration]
    public string? CloseWait { get; init; }

    /// <summary>Both closed, the last acknowledgement is missing (tcp_timeout_last_ack; 30s).</summary>
    [Duration]
    public string? LastAck { get; init; }

    /// <summary>Closed; late packets are still recognised (tcp_timeout_time_wait; 2m).</summary>
    [Duration]
    public string? TimeWait { get; init; }

    /// <summary>Reset (tcp_timeout_close; 10s).</summary>
    [Duration]
    public string? Close { get; init; }

    /// <summary>After tcp.maxRetransmits retransmissions without an answer (tcp_timeout_max_retrans; 5m).</summary>
    [Duration]
    public string? MaxRetransmit { get; init; }

    /// <summary>Data is not acknowledged (tcp_timeout_unacknowledged; 5m).</summary>
    [Duration]
    public string? Unacknowledged { get; init; }
}
