using ConntrackOperator.Planning.Advice;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Tables written down.</summary>
internal static class Tables
{
    internal const string Established = "nf_conntrack_tcp_timeout_established";
    internal const string TimeWait = "nf_conntrack_tcp_timeout_time_wait";
    internal const string SynSent = "nf_conntrack_tcp_timeout_syn_sent";
    internal const string Udp = "nf_conntrack_udp_timeout";

    /// <summary>A table of a million entries at most, on a node of 64 GiB.</summary>
    internal static TableFacts Of(long entries, params StateFacts[] states) => new()
    {
        Entries = entries,
        Limit = 1_000_000,
        Buckets = 1_000_448,
        NodeMemoryBytes = 64L << 30,
        States = states,
        AssuredPercent = 50,
    };

    /// <summary>Entries of which so many have been idle for exactly so long, the rest not at all.</summary>
    internal static StateFacts State(
        string protocol, string state, string sysctl, long timeout, long entries, long idle = 0, long idleSeconds = 0, double unreplied = 0) => new()
        {
            Protocol = protocol,
            State = state,
            Percent = 0,
            Entries = entries,
            UnrepliedPercent = unreplied,
            Sysctl = sysctl,
            TimeoutSeconds = timeout,
            IdleAtLeast = time => time.TotalSeconds <= idleSeconds ? idle : time.TotalSeconds <= 0 ? entries : 0,
        };

    internal static StateFacts EstablishedIdle(long entries, long idle, long idleSeconds, long timeout = 432000) =>
        State("tcp", "ESTABLISHED", Established, timeout, entries, idle, idleSeconds);
}
