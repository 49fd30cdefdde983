using System.Collections.Frozen;

namespace ConntrackOperator.Planning.Advice;

/// <summary>Which time-outs may be advised to be shorter, how short at the least, and what their entries are called.</summary>
internal static class TimeoutFloors
{
    /// <summary>Round values that a time-out is shortened to, in seconds, the longest first.</summary>
    private static readonly long[] _steps =
        [172800, 86400, 43200, 21600, 14400, 10800, 7200, 3600, 1800, 900, 600, 300, 180, 120, 90, 60, 45, 30, 20, 15, 10];

    // A floor leaves room for what the state waits for: keepalives of an idle connection, retransmissions of a SYN (1, 3, 7, 15
    // seconds after the first), segments that come late, answers that are slow. States left out live for seconds as it is.
    private static readonly FrozenDictionary<string, (long Floor, string Name)> _known = new Dictionary<string, (long, string)>(StringComparer.Ordinal)
    {
        ["nf_conntrack_tcp_timeout_established"] = (3600, "ESTABLISHED"),
        ["nf_conntrack_tcp_timeout_syn_sent"] = (30, "SYN_SENT"),
        ["nf_conntrack_tcp_timeout_syn_recv"] = (30, "SYN_RECV"),
        ["nf_conntrack_tcp_timeout_fin_wait"] = (30, "FIN_WAIT"),
        ["nf_conntrack_tcp_timeout_close_wait"] = (10, "CLOSE_WAIT"),
        ["nf_conntrack_tcp_timeout_last_ack"] = (10, "LAST_ACK"),
        ["nf_conntrack_tcp_timeout_time_wait"] = (10, "TIME_WAIT"),
        ["nf_conntrack_tcp_timeout_close"] = (10, "CLOSE"),
        ["nf_conntrack_udp_timeout"] = (10, "UDP outside of streams"),
        ["nf_conntrack_udp_timeout_stream"] = (60, "UDP streams"),
        ["nf_conntrack_icmp_timeout"] = (10, "ICMP"),
        ["nf_conntrack_icmpv6_timeout"] = (10, "ICMPv6"),
        ["nf_conntrack_generic_timeout"] = (60, "of other protocols"),
        ["nf_conntrack_gre_timeout"] = (30, "GRE outside of streams"),
        ["nf_conntrack_gre_timeout_stream"] = (60, "GRE streams"),
        ["nf_conntrack_sctp_timeout_established"] = (3600, "SCTP ESTABLISHED"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The values below a time-out that are safe, in seconds, the longest first; none when it is not to be shortened.</summary>
    internal static IEnumerable<long> Below(string sysctl, long seconds) =>
        _known.TryGetValue(sysctl, out var known) ? _steps.Where(step => step >= known.Floor && step < seconds) : [];

    /// <summary>What the entries are called in a sentence; null when the time-out is not to be shortened.</summary>
    internal static string? NameOf(string sysctl) => _known.TryGetValue(sysctl, out var known) ? known.Name : null;
}
