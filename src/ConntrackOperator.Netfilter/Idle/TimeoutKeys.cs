using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>Which sysctl is the time-out of which entries, and under which number a time-out object has the same.</summary>
public static class TimeoutKeys
{
    /// <summary>
    /// A simultaneous open: tcp_timeouts in net/netfilter/nf_conntrack_proto_tcp.c gives it no sysctl. Objects can set it.
    /// </summary>
    internal const string TcpSynSent2 = "tcp_timeout_syn_sent2";

    internal const long TcpSynSent2Seconds = 120;

    private static readonly string?[] _tcp =
    [
        null, SysctlNames.TcpTimeoutSynSent, SysctlNames.TcpTimeoutSynReceived, SysctlNames.TcpTimeoutEstablished,
        SysctlNames.TcpTimeoutFinWait, SysctlNames.TcpTimeoutCloseWait, SysctlNames.TcpTimeoutLastAck,
        SysctlNames.TcpTimeoutTimeWait, SysctlNames.TcpTimeoutClose,
    ];

    private static readonly string?[] _sctp =
    [
        null, SysctlNames.SctpTimeoutClosed, SysctlNames.SctpTimeoutCookieWait, SysctlNames.SctpTimeoutCookieEchoed,
        SysctlNames.SctpTimeoutEstablished, SysctlNames.SctpTimeoutShutdownSent, SysctlNames.SctpTimeoutShutdownReceived,
        SysctlNames.SctpTimeoutShutdownAckSent, SysctlNames.SctpTimeoutHeartbeatSent, SysctlNames.SctpTimeoutHeartbeatAcked,
    ];

    private static readonly string?[] _dccp =
    [
        null, SysctlNames.DccpTimeoutRequest, SysctlNames.DccpTimeoutRespond, SysctlNames.DccpTimeoutPartOpen,
        SysctlNames.DccpTimeoutOpen, SysctlNames.DccpTimeoutCloseRequest, SysctlNames.DccpTimeoutClosing,
        SysctlNames.DccpTimeoutTimeWait,
    ];

    /// <summary>Every sysctl that is a time-out of entries.</summary>
    internal static IReadOnlyList<string> All { get; } =
    [
        .. _tcp.OfType<string>(), .. _sctp.OfType<string>(), .. _dccp.OfType<string>(),
        SysctlNames.TcpTimeoutMaxRetransmit, SysctlNames.TcpTimeoutUnacknowledged,
        SysctlNames.UdpTimeout, SysctlNames.UdpTimeoutStream, SysctlNames.GreTimeout, SysctlNames.GreTimeoutStream,
        SysctlNames.IcmpTimeout, SysctlNames.Icmpv6Timeout, SysctlNames.GenericTimeout,
    ];

    /// <summary>The sysctl that governs entries of this kind while nothing is wrong: see <see cref="IdleClock"/> for the others.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    /// <param name="state">The state's number, for TCP, SCTP and DCCP.</param>
    /// <param name="status">Whether it is assured and has had a reply.</param>
    /// <returns>Null where the kernel has a fixed time-out.</returns>
    public static string? For(byte protocol, byte state, FlowStatus status) => protocol switch
    {
        Native.IPPROTO_TCP => At(_tcp, state),
        Native.IPPROTO_SCTP => At(_sctp, state),
        Native.IPPROTO_DCCP => At(_dccp, state),
        Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE =>
            (status & FlowStatus.Assured) != 0 ? SysctlNames.UdpTimeoutStream : SysctlNames.UdpTimeout,
        Native.IPPROTO_GRE =>
            (status & (FlowStatus.Assured | FlowStatus.SeenReply)) != 0 ? SysctlNames.GreTimeoutStream : SysctlNames.GreTimeout,
        Native.IPPROTO_ICMP => SysctlNames.IcmpTimeout,
        Native.IPPROTO_ICMPV6 => SysctlNames.Icmpv6Timeout,
        _ => SysctlNames.GenericTimeout,
    };

    /// <summary>What a time-out object's attribute is (enum ctattr_timeout_* in linux/netfilter/nfnetlink_cttimeout.h).</summary>
    /// <returns>Null where that is not known.</returns>
    internal static string? OfObject(byte protocol, int attribute) => (protocol, attribute) switch
    {
        (Native.IPPROTO_TCP, 9) => TcpSynSent2,
        (Native.IPPROTO_TCP, 10) => SysctlNames.TcpTimeoutMaxRetransmit,
        (Native.IPPROTO_TCP, 11) => SysctlNames.TcpTimeoutUnacknowledged,
        (Native.IPPROTO_TCP, _) => At(_tcp, attribute),
        (Native.IPPROTO_SCTP, _) => At(_sctp, attribute),
        (Native.IPPROTO_DCCP, _) => At(_dccp, attribute),
        (Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE, 1) => SysctlNames.UdpTimeout,
        (Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE, 2) => SysctlNames.UdpTimeoutStream,
        (Native.IPPROTO_GRE, 1) => SysctlNames.GreTimeout,
        (Native.IPPROTO_GRE, 2) => SysctlNames.GreTimeoutStream,
        (Native.IPPROTO_ICMP, 1) => SysctlNames.IcmpTimeout,
        (Native.IPPROTO_ICMPV6, 1) => SysctlNames.Icmpv6Timeout,
        (_, 1) when !FlowProtocols.HasStates(protocol) => SysctlNames.GenericTimeout,
        _ => null,
    };

    private static string? At(string?[] keys, int index) => index >= 0 && index < keys.Length ? keys[index] : null;
}
