using System.Text;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// The states of TCP, SCTP and DCCP under the kernel's names (enum tcp_conntrack, sctp_conntrack, ct_dccp_states). UDP and
/// GRE have none in the kernel, but lives with time-outs, which go by UNREPLIED, REPLIED (UDP alone, with the time-out of UNREPLIED)
/// and STREAM here.
/// </summary>
public static class FlowStates
{
    /// <summary>UDP or GRE without a reply.</summary>
    public const string Unreplied = "UNREPLIED";

    /// <summary>UDP with a reply, not assured yet: the time-out is still that of <see cref="Unreplied"/>.</summary>
    public const string Replied = "REPLIED";

    /// <summary>UDP that has gone both ways for more than two seconds, or GRE that has gone both ways: assured.</summary>
    public const string Stream = "STREAM";

    internal const int TcpSynSent = 1;
    internal const int TcpSynReceived = 2;
    internal const int TcpEstablished = 3;
    internal const int TcpCloseWait = 5;
    internal const int TcpTimeWait = 7;
    internal const int TcpClose = 8;
    internal const int TcpSynSent2 = 9;

    private static readonly string[] _tcp =
        ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"];

    private static readonly string[] _sctp =
    [
        "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
        "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
    ];

    private static readonly string[] _dccp =
        ["NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID"];

    private static readonly byte[][] _tcpText = [.. _tcp.Select(Encoding.ASCII.GetBytes)];
    private static readonly byte[][] _sctpText = [.. _sctp.Select(Encoding.ASCII.GetBytes)];
    private static readonly byte[][] _dccpText = [.. _dccp.Select(Encoding.ASCII.GetBytes)];

    /// <summary>Every name of a protocol's states, in the kernel's order; empty when it has none.</summary>
    public static IReadOnlyList<string> Of(byte protocol) => protocol switch
    {
        Native.IPPROTO_TCP => _tcp,
        Native.IPPROTO_SCTP => _sctp,
        Native.IPPROTO_DCCP => _dccp,
        Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE => [Unreplied, Replied, Stream],
        Native.IPPROTO_GRE => [Unreplied, Stream],
        _ => [],
    };

    /// <summary>Whether any protocol, or the one given, has a state of that name (in any case).</summary>
    public static bool IsKnown(string state, byte? protocol = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ReadOnlySpan<byte> all = [
            Native.IPPROTO_TCP, Native.IPPROTO_SCTP, Native.IPPROTO_DCCP, Native.IPPROTO_UDP, Native.IPPROTO_UDPLITE, Native.IPPROTO_GRE];
        foreach (var candidate in all)
        {
            if ((protocol is null || protocol == candidate) && Of(candidate).Contains(state, StringComparer.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The state's name, with the lives of UDP and GRE; empty where a protocol has none.</summary>
    public static string Name(byte protocol, byte state, FlowStatus status) => protocol switch
    {
        Native.IPPROTO_TCP => At(_tcp, state),
        Native.IPPROTO_SCTP => At(_sctp, state),
        Native.IPPROTO_DCCP => At(_dccp, state),
        Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE =>
            (status & FlowStatus.Assured) != 0 ? Stream : (status & FlowStatus.SeenReply) != 0 ? Replied : Unreplied,
        Native.IPPROTO_GRE => (status & (FlowStatus.Assured | FlowStatus.SeenReply)) != 0 ? Stream : Unreplied,
        _ => "",
    };

    /// <summary>The kernel's own name in UTF-8; empty where it has none.</summary>
    internal static ReadOnlySpan<byte> Text(byte protocol, byte state) => protocol switch
    {
        Native.IPPROTO_TCP => At(_tcpText, state),
        Native.IPPROTO_SCTP => At(_sctpText, state),
        Native.IPPROTO_DCCP => At(_dccpText, state),
        _ => default,
    };

    /// <summary>The number of a state that the kernel printed.</summary>
    internal static bool TryParse(byte protocol, ReadOnlySpan<byte> text, out byte state)
    {
        var names = protocol switch
        {
            Native.IPPROTO_TCP => _tcpText,
            Native.IPPROTO_SCTP => _sctpText,
            Native.IPPROTO_DCCP => _dccpText,
            _ => [],
        };
        for (state = 0; state < names.Length; state++)
        {
            if (text.SequenceEqual(names[state]))
            {
                return true;
            }
        }

        // Before Linux 2.6.31 the last of them was printed as LISTEN.
        if (protocol == Native.IPPROTO_TCP && text.SequenceEqual("LISTEN"u8))
        {
            state = TcpSynSent2;
            return true;
        }

        state = 0;
        return false;
    }

    // What a newer kernel may add is shown as NONE, as the conntrack tool does.
    private static T At<T>(T[] names, byte state) => state < names.Length ? names[state] : names[0];
}
