namespace ConntrackOperator.Api.Flushes;

/// <summary>
/// The states of entries by protocol: enum tcp_conntrack, sctp_conntrack and ct_dccp_states, under the names that the kernel prints; of UDP
/// and GRE what an entry's status says, as <c>host flush</c> has it.
/// </summary>
public static class FlushStates
{
    // As CEL writes them in a list: a rule of the schema takes constants only.
    internal const string TcpList =
        "'NONE', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE', 'SYN_SENT2'";

    internal const string SctpList =
        "'NONE', 'CLOSED', 'COOKIE_WAIT', 'COOKIE_ECHOED', 'ESTABLISHED', 'SHUTDOWN_SENT', 'SHUTDOWN_RECD', 'SHUTDOWN_ACK_SENT', "
            + "'HEARTBEAT_SENT', 'HEARTBEAT_ACKED'";

    internal const string DccpList =
        "'NONE', 'REQUEST', 'RESPOND', 'PARTOPEN', 'OPEN', 'CLOSEREQ', 'CLOSING', 'TIMEWAIT', 'IGNORE', 'INVALID'";

    internal const string UdpList = "'UNREPLIED', 'REPLIED', 'STREAM'";

    internal const string GreList = "'UNREPLIED', 'STREAM'";

    /// <summary>TCP's.</summary>
    public static IReadOnlyList<string> Tcp { get; } = Names(TcpList);

    /// <summary>SCTP's.</summary>
    public static IReadOnlyList<string> Sctp { get; } = Names(SctpList);

    /// <summary>DCCP's.</summary>
    public static IReadOnlyList<string> Dccp { get; } = Names(DccpList);

    /// <summary>UDP's and UDPLite's, by what an entry's status says: the kernel has none.</summary>
    public static IReadOnlyList<string> Udp { get; } = Names(UdpList);

    /// <summary>GRE's, by what an entry's status says: the kernel has none.</summary>
    public static IReadOnlyList<string> Gre { get; } = Names(GreList);

    /// <summary>All of them, each once.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Tcp.Concat(Sctp).Concat(Dccp).Concat(Udp).Distinct(StringComparer.Ordinal)];

    private static string[] Names(string list) => [.. list.Split(", ").Select(name => name.Trim('\''))];
}
