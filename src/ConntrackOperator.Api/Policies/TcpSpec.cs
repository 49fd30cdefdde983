using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How TCP is tracked.</summary>
public sealed record TcpSpec
{
    /// <summary>The greatest maxRetransmits: the kernel has a byte for it.</summary>
    public const int MaximumRetransmits = byte.MaxValue;

    /// <summary>
    /// Count only resets outside the window as invalid, not every packet outside it (nf_conntrack_tcp_be_liberal; the kernel's default is
    /// false).
    /// </summary>
    public bool? BeLiberal { get; init; }

    /// <summary>Pick up connections whose start was not seen (nf_conntrack_tcp_loose; true).</summary>
    public bool? Loose { get; init; }

    /// <summary>
    /// Retransmissions without an answer after which timeouts.tcp.maxRetransmit begins (nf_conntrack_tcp_max_retrans; 3).
    /// </summary>
    [Range(0, MaximumRetransmits)]
    public int? MaxRetransmits { get; init; }

    /// <summary>
    /// Let resets outside the window through instead of counting them as invalid (nf_conntrack_tcp_ignore_invalid_rst; false).
    /// </summary>
    public bool? IgnoreInvalidReset { get; init; }
}
