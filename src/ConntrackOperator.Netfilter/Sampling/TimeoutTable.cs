using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>The configured time-outs, by what they apply to. An entry starts from its state's time-out at each packet.</summary>
public sealed record TimeoutTable
{
    // tcp_timeouts in net/netfilter/nf_conntrack_proto_tcp.c: a simultaneous open has no sysctl.
    private const long SynSent2Seconds = 120;

    private static readonly string?[] _tcpKeys =
    [
        null, SysctlNames.TcpTimeoutSynSent, SysctlNames.TcpTimeoutSynReceived, SysctlNames.TcpTimeoutEstablished,
        SysctlNames.TcpTimeoutFinWait, SysctlNames.TcpTimeoutCloseWait, SysctlNames.TcpTimeoutLastAck,
        SysctlNames.TcpTimeoutTimeWait, SysctlNames.TcpTimeoutClose,
    ];

    private static readonly string?[] _sctpKeys =
    [
        null, SysctlNames.SctpTimeoutClosed, SysctlNames.SctpTimeoutCookieWait, SysctlNames.SctpTimeoutCookieEchoed,
        SysctlNames.SctpTimeoutEstablished, SysctlNames.SctpTimeoutShutdownSent, SysctlNames.SctpTimeoutShutdownReceived,
        SysctlNames.SctpTimeoutShutdownAckSent, SysctlNames.SctpTimeoutHeartbeatSent, SysctlNames.SctpTimeoutHeartbeatAcked,
    ];

    private static readonly string?[] _dccpKeys =
    [
        null, SysctlNames.DccpTimeoutRequest, SysctlNames.DccpTimeoutRespond, SysctlNames.DccpTimeoutPartOpen,
        SysctlNames.DccpTimeoutOpen, SysctlNames.DccpTimeoutCloseRequest, SysctlNames.DccpTimeoutClosing,
        SysctlNames.DccpTimeoutTimeWait,
    ];

    private readonly IReadOnlyDictionary<string, long> _seconds;

    /// <summary>Takes them as given.</summary>
    /// <param name="seconds">Seconds by the sysctl's name; a name left out is not known.</param>
    public TimeoutTable(IReadOnlyDictionary<string, long> seconds)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        _seconds = seconds;
    }

    /// <summary>Reads what the kernel holds; keys that it lacks are not known.</summary>
    public static TimeoutTable Read(SysctlDirectory d)
    {
        ArgumentNullException.ThrowIfNull(d);
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        ReadOnlySpan<string?> others =
        [
            SysctlNames.TcpTimeoutUnacknowledged, SysctlNames.UdpTimeout, SysctlNames.UdpTimeoutStream, SysctlNames.GreTimeout,
            SysctlNames.GreTimeoutStream, SysctlNames.IcmpTimeout, SysctlNames.Icmpv6Timeout, SysctlNames.GenericTimeout,
        ];
        foreach (var key in (ReadOnlySpan<string?>)[.. _tcpKeys, .. _sctpKeys, .. _dccpKeys, .. others])
        {
            if (key is not null && d.Read(key) is { Status: SysctlStatus.Ok, Value: { } value })
            {
                found[key] = value;
            }
        }

        return new TimeoutTable(found);
    }

    /// <summary>The sysctl that governs entries of this kind.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    /// <param name="state">The state's number, for TCP, SCTP and DCCP.</param>
    /// <param name="status">Whether it is assured and has had a reply.</param>
    /// <returns>Null where the kernel has a fixed time-out.</returns>
    public static string? KeyFor(byte protocol, byte state, FlowStatus status) => protocol switch
    {
        Native.IPPROTO_TCP => At(_tcpKeys, state),
        Native.IPPROTO_SCTP => At(_sctpKeys, state),
        Native.IPPROTO_DCCP => At(_dccpKeys, state),
        Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE =>
            (status & FlowStatus.Assured) != 0 ? SysctlNames.UdpTimeoutStream : SysctlNames.UdpTimeout,
        Native.IPPROTO_GRE =>
            (status & (FlowStatus.Assured | FlowStatus.SeenReply)) != 0 ? SysctlNames.GreTimeoutStream : SysctlNames.GreTimeout,
        Native.IPPROTO_ICMP => SysctlNames.IcmpTimeout,
        Native.IPPROTO_ICMPV6 => SysctlNames.Icmpv6Timeout,
        _ => SysctlNames.GenericTimeout,
    };

    /// <summary>The time-out that entries of this kind start from, or null where it is not known.</summary>
    /// <inheritdoc cref="KeyFor"/>
    public TimeSpan? For(byte protocol, byte state, FlowStatus status) =>
        SecondsFor(protocol, state, status) is { } value ? TimeSpan.FromSeconds(value) : null;

    /// <summary>The time-out by names, such as tcp and ESTABLISHED, udp and STREAM, or icmp and the empty state.</summary>
    /// <returns>Null where it is not known.</returns>
    public TimeSpan? For(string protocol, string state, bool unreplied = false)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!FlowProtocols.TryParse(protocol, out var number))
        {
            return null;
        }

        var stream = string.Equals(state, FlowStates.Stream, StringComparison.OrdinalIgnoreCase);
        var status = (stream ? FlowStatus.Assured : FlowStatus.None)
            | (unreplied || string.Equals(state, FlowStates.Unreplied, StringComparison.OrdinalIgnoreCase) ? FlowStatus.None : FlowStatus.SeenReply);
        var names = FlowStates.Of(number);
        for (byte i = 0; i < names.Count; i++)
        {
            if (string.Equals(names[i], state, StringComparison.OrdinalIgnoreCase))
            {
                return For(number, i, status);
            }
        }

        return names.Count == 0 ? For(number, 0, status) : null;
    }

    internal long? SecondsFor(byte protocol, byte state, FlowStatus status)
    {
        if (protocol == Native.IPPROTO_TCP && state == FlowStates.TcpSynSent2)
        {
            return SynSent2Seconds;
        }

        if (KeyFor(protocol, state, status) is not { } key || !_seconds.TryGetValue(key, out var value))
        {
            return null;
        }

        // nf_conntrack_tcp_packet: picked up in mid-connection and without an answer, it gets the shorter of the two.
        return protocol == Native.IPPROTO_TCP && state == FlowStates.TcpEstablished && (status & FlowStatus.SeenReply) == 0
            && _seconds.TryGetValue(SysctlNames.TcpTimeoutUnacknowledged, out var unacknowledged)
            ? Math.Min(value, unacknowledged)
            : value;
    }

    private static string? At(string?[] keys, byte state) => state < keys.Length ? keys[state] : null;
}
