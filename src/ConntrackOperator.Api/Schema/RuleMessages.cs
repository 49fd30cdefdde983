namespace ConntrackOperator.Api.Schema;

/// <summary>What the rules say to a person; the API server and the check without a cluster use the same words.</summary>
public static class RuleMessages
{
    /// <summary>table.size.</summary>
    public const string ExactlyOneSize = "exactly one of entries and auto must be set";

    /// <summary>table.size.auto.</summary>
    public const string AutoNeedsSource = "at least one of memoryPercent and entriesPerCore must be set";

    /// <summary>table.size.auto.</summary>
    public const string MinAboveMax = "minEntries must not be greater than maxEntries";

    /// <summary>ipv6Fragments.</summary>
    public const string LowAboveHigh = "lowThreshold must not be greater than highThreshold";

    /// <summary>pressure.</summary>
    public const string WarningBelowCritical = "warningPercent must be less than criticalPercent (90 when left out)";

    /// <summary>pressure, where only criticalPercent is given.</summary>
    public const string CriticalAboveWarning = "criticalPercent must be greater than warningPercent (75 when left out)";

    /// <summary>rollout.</summary>
    public const string MaxUnavailable =
        "must be a number of nodes from 1 to 5000 without quotes, or a share of the selected nodes from 1% to 100%, such as 25%";

    /// <summary>A label selector's values.</summary>
    public const string ValuesNeeded = "values must not be empty when operator is In or NotIn";

    /// <summary>A label selector's values.</summary>
    public const string ValuesNotAllowed = "values must be left out when operator is Exists or DoesNotExist";

    /// <summary>A label selector's keys.</summary>
    public const string LabelKey =
        "must be a label key: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, if need be after "
            + "a DNS name and '/', such as node-role.kubernetes.io/edge";

    /// <summary>A label selector's values.</summary>
    public const string LabelValue =
        "must be a label value: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, or empty";

    /// <summary>A duration.</summary>
    public const string Duration =
        "must be a duration of whole seconds from 1s to 5965h13m56s (248 days, the most that a kernel of any HZ takes), written with h, m "
            + "and s in this order, such as 30s, 10m, 1h30m or 24h";

    /// <summary>The keys of sysctls.</summary>
    public const string SysctlName =
        "must be the name of a sysctl under net.netfilter that begins with nf_conntrack_ or nf_flowtable_, of at most 63 characters, such "
            + "as nf_flowtable_tcp_timeout, with or without net.netfilter. before it";

    /// <summary>Both spellings of a key of sysctls.</summary>
    public const string SysctlTwice = "is the same key with and without net.netfilter.: set it once";

    /// <summary>The values of sysctls.</summary>
    public const string SysctlValue = "must be a whole number from 0 to 4294967295 in quotes, without leading zeros, such as \"30\"";

    /// <summary>The name of an object.</summary>
    public const string ObjectName =
        "must be a lowercase RFC 1123 subdomain: at most 253 lower case letters, digits, '-' and '.', each part between dots beginning "
            + "and ending with a letter or digit";

    /// <summary>An address or a network.</summary>
    public const string Network =
        "must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32, with no bit set after the prefix";

    /// <summary>A flush's networks.</summary>
    public const string OneIpVersion =
        "source, destination, replySource and replyDestination must be of one IP version: no entry has both IPv4 and IPv6";

    /// <summary>A flush's spec.</summary>
    public const string FlushUnchangeable = "a flush can't be changed once it is made: delete it and make another one";

    /// <summary>A flush's spec.</summary>
    public const string OneNodeChoice = "only one of nodeSelector and nodeName may be set";

    /// <summary>A flush's spec.</summary>
    public const string NodesNeeded =
        "one of nodeSelector and nodeName must be set; nodeSelector: {} is every Linux node that a policy selects";

    /// <summary>A flush's match.</summary>
    public const string MatchEmpty = "at least one condition must be given; to delete every entry of the table say all: true";

    /// <summary>A flush's match.</summary>
    public const string AllIsAlone = "all: true goes with no other condition";

    /// <summary>A flush's protocol.</summary>
    public const string Protocol =
        "must be TCP, UDP, UDPLite, ICMP, ICMPv6, SCTP, DCCP, GRE, IGMP, IPIP, IPv6, ESP, AH, OSPF, PIM, VRRP, L2TP or a number from 0 to "
            + "255 (without quotes)";

    /// <summary>A flush's states.</summary>
    public const string StatesEmpty = "must not be empty: leave it out for any state";

    /// <summary>A flush's states.</summary>
    public const string StatesNeedProtocol = "states needs a protocol with states: TCP, UDP, UDPLite, SCTP, DCCP or GRE";

    /// <summary>A flush's states.</summary>
    public const string StatesOfTcp =
        "states of TCP are NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE and SYN_SENT2";

    /// <summary>A flush's states.</summary>
    public const string StatesOfSctp =
        "states of SCTP are NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD, SHUTDOWN_ACK_SENT, "
            + "HEARTBEAT_SENT and HEARTBEAT_ACKED";

    /// <summary>A flush's states.</summary>
    public const string StatesOfDccp =
        "states of DCCP are NONE, REQUEST, RESPOND, PARTOPEN, OPEN, CLOSEREQ, CLOSING, TIMEWAIT, IGNORE and INVALID";

    /// <summary>A flush's states.</summary>
    public const string StatesOfUdp = "states of UDP and UDPLite are UNREPLIED, REPLIED and STREAM";

    /// <summary>A flush's states.</summary>
    public const string StatesOfGre = "states of GRE are UNREPLIED and STREAM";

    /// <summary>A flush's ports.</summary>
    public const string PortNeedsProtocol = "a port needs a protocol with ports: TCP, UDP, UDPLite, SCTP or DCCP";

    /// <summary>A flush's fields of ICMP.</summary>
    public const string IcmpNeedsProtocol = "icmp needs protocol ICMP or ICMPv6";

    /// <summary>A flush's keys of GRE.</summary>
    public const string GreNeedsProtocol = "gre needs protocol GRE";

    /// <summary>A flush's fields of ICMP, or keys of GRE.</summary>
    public const string FieldsEmpty = "must not be empty: at least one of its fields must be given";

    /// <summary>Says what a number may be.</summary>
    /// <param name="minimum">The least value.</param>
    /// <param name="maximum">The greatest value.</param>
    /// <returns>The message.</returns>
    public static string Range(long minimum, long maximum) =>
        $"must be from {minimum} to {maximum}";

    /// <summary>Says what an amount of bytes may be.</summary>
    /// <param name="minimum">Bytes.</param>
    /// <param name="maximum">Bytes.</param>
    /// <returns>The message.</returns>
    public static string ByteRange(long minimum, long maximum) => $"must be a whole number of bytes from {minimum} to {maximum}, as a "
        + "number or with one of the suffixes k, M, G, Ki, Mi and Gi, such as 4194304 or 4Mi";

    /// <summary>Says which strings there are.</summary>
    /// <param name="choices">The strings.</param>
    /// <returns>The message.</returns>
    public static string Choices(IEnumerable<string> choices) => "must be one of " + string.Join(", ", choices);

    /// <summary>Says how many items there may be.</summary>
    /// <param name="maximum">Items.</param>
    /// <returns>The message.</returns>
    public static string TooMany(int maximum) =>
        $"must have at most {maximum} items";

    /// <summary>Says which field a sysctl has.</summary>
    /// <param name="sysctl">The sysctl.</param>
    /// <param name="field">The field below spec.</param>
    /// <returns>The message.</returns>
    public static string SysctlHasField(string sysctl, string field) =>
        $"{sysctl} has a field of its own: set spec.{field} instead";
}
