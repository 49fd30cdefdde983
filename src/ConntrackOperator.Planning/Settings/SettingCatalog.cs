using System.Collections.Frozen;
using ConntrackOperator.Api.Policies;
using static ConntrackOperator.Planning.Settings.SettingField;

namespace ConntrackOperator.Planning.Settings;

/// <summary>The one table of which field of a policy stands for which sysctl; its order is the order of plans.</summary>
public static class SettingCatalog
{
    /// <summary>The limit of entries.</summary>
    public const string MaxName = "nf_conntrack_max";

    /// <summary>The buckets of the hash table.</summary>
    public const string BucketsName = "nf_conntrack_buckets";

    /// <summary>Counters of each entry.</summary>
    public const string AccountingName = "nf_conntrack_acct";

    /// <summary>Timestamps of each entry.</summary>
    public const string TimestampsName = "nf_conntrack_timestamp";

    /// <summary>The field of the table's size as a whole: entries or auto.</summary>
    public const string SizePath = "table.size";

    /// <summary>The field of other sysctls; a dot and the sysctl's name follow.</summary>
    public const string SysctlsPath = "sysctls";

    private const string Prefix = "nf_conntrack_";

    /// <summary>All fields, in the order of plans: the table first.</summary>
    public static IReadOnlyList<SettingField> Fields { get; } =
    [
        Number(MaxName, SizePath, TableSpec.MinimumEntries, TableSpec.MaximumEntries, s => s.Table?.Size?.Entries),
        Number(BucketsName, "table.buckets", TableSpec.MinimumEntries, TableSpec.MaximumEntries, s => s.Table?.Buckets),

        Seconds(Prefix + "generic_timeout", "timeouts.generic", s => s.Timeouts?.Generic),
        Seconds(Prefix + "icmp_timeout", "timeouts.icmp", s => s.Timeouts?.Icmp),
        Seconds(Prefix + "icmpv6_timeout", "timeouts.icmpv6", s => s.Timeouts?.Icmpv6),

        Seconds(Prefix + "tcp_timeout_syn_sent", "timeouts.tcp.synSent", s => s.Timeouts?.Tcp?.SynSent),
        Seconds(Prefix + "tcp_timeout_syn_recv", "timeouts.tcp.synReceived", s => s.Timeouts?.Tcp?.SynReceived),
        Seconds(Prefix + "tcp_timeout_established", "timeouts.tcp.established", s => s.Timeouts?.Tcp?.Established),
        Seconds(Prefix + "tcp_timeout_fin_wait", "timeouts.tcp.finWait", s => s.Timeouts?.Tcp?.FinWait),
        Seconds(Prefix + "tcp_timeout_close_wait", "timeouts.tcp.closeWait", s => s.Timeouts?.Tcp?.CloseWait),
        Seconds(Prefix + "tcp_timeout_last_ack", "timeouts.tcp.lastAck", s => s.Timeouts?.Tcp?.LastAck),
        Seconds(Prefix + "tcp_timeout_time_wait", "timeouts.tcp.timeWait", s => s.Timeouts?.Tcp?.TimeWait),
        Seconds(Prefix + "tcp_timeout_close", "timeouts.tcp.close", s => s.Timeouts?.Tcp?.Close),
        Seconds(Prefix + "tcp_timeout_max_retrans", "timeouts.tcp.maxRetransmit", s => s.Timeouts?.Tcp?.MaxRetransmit),
        Seconds(Prefix + "tcp_timeout_unacknowledged", "timeouts.tcp.unacknowledged", s => s.Timeouts?.Tcp?.Unacknowledged),

        Seconds(Prefix + "udp_timeout", "timeouts.udp.unreplied", s => s.Timeouts?.Udp?.Unreplied),
        Seconds(Prefix + "udp_timeout_stream", "timeouts.udp.stream", s => s.Timeouts?.Udp?.Stream),

        Seconds(Prefix + "sctp_timeout_closed", "timeouts.sctp.closed", s => s.Timeouts?.Sctp?.Closed),
        Seconds(Prefix + "sctp_timeout_cookie_wait", "timeouts.sctp.cookieWait", s => s.Timeouts?.Sctp?.CookieWait),
        Seconds(Prefix + "sctp_timeout_cookie_echoed", "timeouts.sctp.cookieEchoed", s => s.Timeouts?.Sctp?.CookieEchoed),
        Seconds(Prefix + "sctp_timeout_established", "timeouts.sctp.established", s => s.Timeouts?.Sctp?.Established),
        Seconds(Prefix + "sctp_timeout_shutdown_sent", "timeouts.sctp.shutdownSent", s => s.Timeouts?.Sctp?.ShutdownSent),
        Seconds(Prefix + "sctp_timeout_shutdown_recd", "timeouts.sctp.shutdownReceived", s => s.Timeouts?.Sctp?.ShutdownReceived),
        Seconds(Prefix + "sctp_timeout_shutdown_ack_sent", "timeouts.sctp.shutdownAckSent", s => s.Timeouts?.Sctp?.ShutdownAckSent),
        Seconds(Prefix + "sctp_timeout_heartbeat_sent", "timeouts.sctp.heartbeatSent", s => s.Timeouts?.Sctp?.HeartbeatSent),

        Seconds(Prefix + "dccp_timeout_request", "timeouts.dccp.request", s => s.Timeouts?.Dccp?.Request),
        Seconds(Prefix + "dccp_timeout_respond", "timeouts.dccp.respond", s => s.Timeouts?.Dccp?.Respond),
        Seconds(Prefix + "dccp_timeout_partopen", "timeouts.dccp.partOpen", s => s.Timeouts?.Dccp?.PartOpen),
        Seconds(Prefix + "dccp_timeout_open", "timeouts.dccp.open", s => s.Timeouts?.Dccp?.Open),
        Seconds(Prefix + "dccp_timeout_closereq", "timeouts.dccp.closeRequest", s => s.Timeouts?.Dccp?.CloseRequest),
        Seconds(Prefix + "dccp_timeout_closing", "timeouts.dccp.closing", s => s.Timeouts?.Dccp?.Closing),
        Seconds(Prefix + "dccp_timeout_timewait", "timeouts.dccp.timeWait", s => s.Timeouts?.Dccp?.TimeWait),

        Seconds(Prefix + "gre_timeout", "timeouts.gre.unreplied", s => s.Timeouts?.Gre?.Unreplied),
        Seconds(Prefix + "gre_timeout_stream", "timeouts.gre.stream", s => s.Timeouts?.Gre?.Stream),

        Flag(Prefix + "tcp_be_liberal", "tcp.beLiberal", s => s.Tcp?.BeLiberal),
        Flag(Prefix + "tcp_loose", "tcp.loose", s => s.Tcp?.Loose),
        Number(Prefix + "tcp_max_retrans", "tcp.maxRetransmits", 0, TcpSpec.MaximumRetransmits, s => s.Tcp?.MaxRetransmits),
        Flag(Prefix + "tcp_ignore_invalid_rst", "tcp.ignoreInvalidReset", s => s.Tcp?.IgnoreInvalidReset),

        Flag(AccountingName, "tracking.accounting", s => s.Tracking?.Accounting),
        Flag(TimestampsName, "tracking.timestamps", s => s.Tracking?.Timestamps),
        Flag(Prefix + "checksum", "tracking.checksum", s => s.Tracking?.Checksum),
        Choice(Prefix + "events", "tracking.events", s => s.Tracking?.Events),
        Choice(Prefix + "log_invalid", "tracking.logInvalid", s => s.Tracking?.LogInvalid),
        Number(
            Prefix + "expect_max", "tracking.expectationsMax", TrackingSpec.MinimumExpectations, TrackingSpec.MaximumExpectations,
            s => s.Tracking?.ExpectationsMax),
        Flag(Prefix + "helper", "tracking.helperAutoAssign", s => s.Tracking?.HelperAutoAssign),

        Bytes(
            Prefix + "frag6_high_thresh", "ipv6Fragments.highThreshold", Ipv6FragmentsSpec.MinimumBytes, Ipv6FragmentsSpec.MaximumBytes,
            s => s.Ipv6Fragments?.HighThreshold),
        Bytes(
            Prefix + "frag6_low_thresh", "ipv6Fragments.lowThreshold", Ipv6FragmentsSpec.MinimumBytes, Ipv6FragmentsSpec.MaximumBytes,
            s => s.Ipv6Fragments?.LowThreshold),
        Seconds(Prefix + "frag6_timeout", "ipv6Fragments.timeout", s => s.Ipv6Fragments?.Timeout),
    ];

    /// <summary>Each sysctl that has a field of its own.</summary>
    public static IReadOnlyDictionary<string, SettingField> BySysctl { get; } =
        Fields.ToFrozenDictionary(field => field.Sysctl, StringComparer.Ordinal);

    /// <summary>Each field, by its path below spec.</summary>
    public static IReadOnlyDictionary<string, SettingField> ByPath { get; } =
        Fields.ToFrozenDictionary(field => field.Path, StringComparer.Ordinal);

    /// <summary>What may stand before a key of sysctls, as the program sysctl writes it.</summary>
    public const string SysctlPrefix = "net.netfilter.";

    /// <summary>A key of sysctls as the kernel's file is named: both spellings are one key.</summary>
    /// <param name="key">Such as net.netfilter.nf_conntrack_foo or nf_conntrack_foo.</param>
    public static string SysctlName(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith(SysctlPrefix, StringComparison.Ordinal) ? key[SysctlPrefix.Length..] : key;
    }

    /// <summary>Sysctls that the kernel lets nobody write, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> ReadOnly { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["nf_conntrack_count"] = "is read-only: it says how many entries there are",
    };
}
