using System.Buffers;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>
/// The kernel's names of what this code asks for by name (Documentation/networking/nf_conntrack-sysctl.rst); the rest go by text. Which of
/// them exist depends on the kernel. Time-outs are in whole seconds and belong to a network namespace.
/// </summary>
public static class SysctlNames
{
    private static readonly SearchValues<char> _characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>
    /// Most entries in one network namespace's table. One value for the whole machine; read-only outside the initial namespace.
    /// </summary>
    public const string Max = "nf_conntrack_max";

    /// <summary>
    /// Size of the hash table. One value for the whole machine; rounded up by the kernel, see <see cref="Sysctls.Buckets"/>.
    /// </summary>
    public const string Buckets = "nf_conntrack_buckets";

    /// <summary>Entries in this namespace's table now. Read-only.</summary>
    public const string Count = "nf_conntrack_count";

    /// <summary>Count packets and bytes of new entries: 0 or 1.</summary>
    public const string Accounting = "nf_conntrack_acct";

    /// <summary>Keep the start time of new entries: 0 or 1.</summary>
    public const string Timestamp = "nf_conntrack_timestamp";

    /// <summary>Send events: 0 never, 1 always, 2 when somebody listens.</summary>
    public const string Events = "nf_conntrack_events";

    /// <summary>Seconds, protocols without a tracker of their own.</summary>
    public const string GenericTimeout = "nf_conntrack_generic_timeout";

    /// <summary>Seconds, ICMP.</summary>
    public const string IcmpTimeout = "nf_conntrack_icmp_timeout";

    /// <summary>Seconds, ICMPv6.</summary>
    public const string Icmpv6Timeout = "nf_conntrack_icmpv6_timeout";

    /// <summary>Seconds, TCP in the state syn_sent.</summary>
    public const string TcpTimeoutSynSent = "nf_conntrack_tcp_timeout_syn_sent";

    /// <summary>Seconds, TCP in the state syn_recv.</summary>
    public const string TcpTimeoutSynReceived = "nf_conntrack_tcp_timeout_syn_recv";

    /// <summary>Seconds, TCP in the state established.</summary>
    public const string TcpTimeoutEstablished = "nf_conntrack_tcp_timeout_established";

    /// <summary>Seconds, TCP in the state fin_wait.</summary>
    public const string TcpTimeoutFinWait = "nf_conntrack_tcp_timeout_fin_wait";

    /// <summary>Seconds, TCP in the state close_wait.</summary>
    public const string TcpTimeoutCloseWait = "nf_conntrack_tcp_timeout_close_wait";

    /// <summary>Seconds, TCP in the state last_ack.</summary>
    public const string TcpTimeoutLastAck = "nf_conntrack_tcp_timeout_last_ack";

    /// <summary>Seconds, TCP in the state time_wait.</summary>
    public const string TcpTimeoutTimeWait = "nf_conntrack_tcp_timeout_time_wait";

    /// <summary>Seconds, TCP in the state close.</summary>
    public const string TcpTimeoutClose = "nf_conntrack_tcp_timeout_close";

    /// <summary>Seconds, TCP after too many retransmissions.</summary>
    public const string TcpTimeoutMaxRetransmit = "nf_conntrack_tcp_timeout_max_retrans";

    /// <summary>Seconds, TCP with data that nobody acknowledged.</summary>
    public const string TcpTimeoutUnacknowledged = "nf_conntrack_tcp_timeout_unacknowledged";

    /// <summary>Only resets out of the window are invalid: 0 or 1.</summary>
    public const string TcpBeLiberal = "nf_conntrack_tcp_be_liberal";

    /// <summary>Seconds, UDP without a reply yet.</summary>
    public const string UdpTimeout = "nf_conntrack_udp_timeout";

    /// <summary>Seconds, UDP that has gone both ways for a while.</summary>
    public const string UdpTimeoutStream = "nf_conntrack_udp_timeout_stream";

    /// <summary>Seconds, GRE without a reply yet. Where GRE is built in.</summary>
    public const string GreTimeout = "nf_conntrack_gre_timeout";

    /// <summary>Seconds, GRE that has gone both ways for a while.</summary>
    public const string GreTimeoutStream = "nf_conntrack_gre_timeout_stream";

    /// <summary>Seconds, SCTP in the state closed.</summary>
    public const string SctpTimeoutClosed = "nf_conntrack_sctp_timeout_closed";

    /// <summary>Seconds, SCTP in the state cookie_wait.</summary>
    public const string SctpTimeoutCookieWait = "nf_conntrack_sctp_timeout_cookie_wait";

    /// <summary>Seconds, SCTP in the state cookie_echoed.</summary>
    public const string SctpTimeoutCookieEchoed = "nf_conntrack_sctp_timeout_cookie_echoed";

    /// <summary>Seconds, SCTP in the state established.</summary>
    public const string SctpTimeoutEstablished = "nf_conntrack_sctp_timeout_established";

    /// <summary>Seconds, SCTP in the state shutdown_sent.</summary>
    public const string SctpTimeoutShutdownSent = "nf_conntrack_sctp_timeout_shutdown_sent";

    /// <summary>Seconds, SCTP in the state shutdown_recd.</summary>
    public const string SctpTimeoutShutdownReceived = "nf_conntrack_sctp_timeout_shutdown_recd";

    /// <summary>Seconds, SCTP in the state shutdown_ack_sent.</summary>
    public const string SctpTimeoutShutdownAckSent = "nf_conntrack_sctp_timeout_shutdown_ack_sent";

    /// <summary>Seconds, SCTP in the state heartbeat_sent.</summary>
    public const string SctpTimeoutHeartbeatSent = "nf_conntrack_sctp_timeout_heartbeat_sent";

    /// <summary>Seconds, SCTP in the state heartbeat_acked.</summary>
    public const string SctpTimeoutHeartbeatAcked = "nf_conntrack_sctp_timeout_heartbeat_acked";

    /// <summary>Seconds, DCCP in the state request.</summary>
    public const string DccpTimeoutRequest = "nf_conntrack_dccp_timeout_request";

    /// <summary>Seconds, DCCP in the state respond.</summary>
    public const string DccpTimeoutRespond = "nf_conntrack_dccp_timeout_respond";

    /// <summary>Seconds, DCCP in the state partopen.</summary>
    public const string DccpTimeoutPartOpen = "nf_conntrack_dccp_timeout_partopen";

    /// <summary>Seconds, DCCP in the state open.</summary>
    public const string DccpTimeoutOpen = "nf_conntrack_dccp_timeout_open";

    /// <summary>Seconds, DCCP in the state closereq.</summary>
    public const string DccpTimeoutCloseRequest = "nf_conntrack_dccp_timeout_closereq";

    /// <summary>Seconds, DCCP in the state closing.</summary>
    public const string DccpTimeoutClosing = "nf_conntrack_dccp_timeout_closing";

    /// <summary>Seconds, DCCP in the state timewait.</summary>
    public const string DccpTimeoutTimeWait = "nf_conntrack_dccp_timeout_timewait";

    /// <summary>Most memory for IPv6 reassembly, bytes.</summary>
    public const string Fragment6HighThreshold = "nf_conntrack_frag6_high_thresh";

    /// <summary>Reassembly resumes under this, bytes; not over the high threshold.</summary>
    public const string Fragment6LowThreshold = "nf_conntrack_frag6_low_thresh";

    /// <summary>
    /// Whether a name is one of connection tracking or of flow tables, whatever this kernel has: nf_conntrack_* and nf_flowtable_*.
    /// </summary>
    /// <param name="name">The name.</param>
    public static bool IsTrackingKey(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return (name.StartsWith("nf_conntrack_", StringComparison.Ordinal) || name.StartsWith("nf_flowtable_", StringComparison.Ordinal))
            && name.AsSpan().IndexOfAnyExcept(_characters) < 0;
    }
}
