using System.Collections.Frozen;

namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>
/// Which time-outs may be advised to be shorter, how short at the least and on whose word, and what their entries are called.
/// </summary>
public static class TimeoutFloors
{
    /// <summary>Round values that a time-out is shortened to, in seconds, the longest first.</summary>
    private static readonly long[] _steps =
        [172800, 86400, 43200, 21600, 14400, 10800, 7440, 3600, 1800, 900, 600, 300, 180, 120, 90, 60, 45, 30, 20, 15, 10];

    // Each with its source. States left out live for seconds as it is.
    private static readonly FrozenDictionary<string, (long Floor, string Name)> _known = new Dictionary<string, (long, string)>(
        StringComparer.Ordinal)
    {
        // RFC 5382, REQ-5: an established connection must be kept for 2 hours 4 minutes; keepalives come every two hours (RFC 9293, 3.8.4).
        ["nf_conntrack_tcp_timeout_established"] = (7440, "ESTABLISHED"),

        // tcp(7), tcp_syn_retries: SYNs come 1, 3, 7, 15, 31 s after the first, so 16 s lie between the fourth and the fifth.
        ["nf_conntrack_tcp_timeout_syn_sent"] = (30, "SYN_SENT"),
        ["nf_conntrack_tcp_timeout_syn_recv"] = (30, "SYN_RECV"),

        // ip-sysctl, tcp_fin_timeout: the end that closed waits 60 s for the other's FIN.
        ["nf_conntrack_tcp_timeout_fin_wait"] = (60, "FIN_WAIT"),

        // The kernel's default (nf_conntrack_proto_tcp.c), which lasts for a half-closed stream that sends at least once a minute.
        ["nf_conntrack_tcp_timeout_close_wait"] = (60, "CLOSE_WAIT"),
        ["nf_conntrack_tcp_timeout_last_ack"] = (30, "LAST_ACK"),

        // Both FINs are acknowledged: what may come is a FIN again, whose first five repetitions are within 10 s (RFC 6298, from 0.2 s).
        ["nf_conntrack_tcp_timeout_time_wait"] = (10, "TIME_WAIT"),
        ["nf_conntrack_tcp_timeout_close"] = (10, "CLOSE"),

        // resolv.conf(5): a resolver waits 5 s for an answer, and asks again. RFC 4787, REQ-5 lets ports under 1024 be shorter than 2
        // minutes.
        ["nf_conntrack_udp_timeout"] = (10, "UDP outside of streams"),

        // RFC 4787, REQ-5: 2 minutes at the least for what goes both ways.
        ["nf_conntrack_udp_timeout_stream"] = (120, "UDP streams"),

        // ping(8): it waits 10 s for an answer.
        ["nf_conntrack_icmp_timeout"] = (10, "ICMP"),
        ["nf_conntrack_icmpv6_timeout"] = (10, "ICMPv6"),
        ["nf_conntrack_generic_timeout"] = (120, "of other protocols"),

        // The kernel's defaults (nf_conntrack_proto_gre.c): RFC 2637 sends an echo each minute.
        ["nf_conntrack_gre_timeout"] = (30, "GRE outside of streams"),
        ["nf_conntrack_gre_timeout_stream"] = (180, "GRE streams"),
        ["nf_conntrack_sctp_timeout_established"] = (7440, "SCTP ESTABLISHED"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The sysctls that may be advised to be shorter.</summary>
    public static IEnumerable<string> Sysctls => _known.Keys;

    /// <summary>The least that is ever advised for a time-out, in seconds; null when it is not to be shortened.</summary>
    /// <param name="sysctl">The sysctl's name.</param>
    public static long? Floor(string sysctl) => _known.TryGetValue(sysctl, out var known) ? known.Floor : null;

    /// <summary>The values below a time-out that are safe, in seconds, the longest first; none when it is not to be shortened.</summary>
    internal static IEnumerable<long> Below(string sysctl, long seconds) =>
        _known.TryGetValue(sysctl, out var known) ? _steps.Where(step => step >= known.Floor && step < seconds) : [];

    /// <summary>What the entries are called in a sentence; null when the time-out is not to be shortened.</summary>
    internal static string? NameOf(string sysctl) => _known.TryGetValue(sysctl, out var known) ? known.Name : null;
}
