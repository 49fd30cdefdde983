using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Which entries: all that is given must hold.</summary>
[Rule("has(self.protocol) || has(self.states) || has(self.unreplied) || has(self.source) || has(self.destination) || "
    + "has(self.sourcePort) || has(self.destinationPort) || has(self.replySource) || has(self.replyDestination) || "
    + "has(self.replySourcePort) || has(self.replyDestinationPort) || has(self.icmp) || has(self.gre) || has(self.zone) || "
    + "has(self.idleFor) || (has(self.all) && self.all)",
    RuleMessages.MatchEmpty)]
[Rule("!(has(self.all) && self.all) || !(has(self.protocol) || has(self.states) || has(self.unreplied) || has(self.source) || "
    + "has(self.destination) || has(self.sourcePort) || has(self.destinationPort) || has(self.replySource) || "
    + "has(self.replyDestination) || has(self.replySourcePort) || has(self.replyDestinationPort) || has(self.icmp) || has(self.gre) || "
    + "has(self.zone) || has(self.idleFor))",
    RuleMessages.AllIsAlone, Field = "all", Value = "'true'")]
[Rule("!has(self.states) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [6, 17, 136, 132, 33, 47] : "
    + "self.protocol in ['TCP', 'UDP', 'UDPLite', 'SCTP', 'DCCP', 'GRE'])",
    RuleMessages.StatesNeedProtocol, Field = "states")]
[Rule("!has(self.states) || !has(self.protocol) || (type(self.protocol) == int ? self.protocol != 6 : self.protocol != 'TCP') || "
    + "self.states.all(s, s in [" + FlushStates.TcpList + "])",
    RuleMessages.StatesOfTcp, Field = "states")]
[Rule("!has(self.states) || !has(self.protocol) || (type(self.protocol) == int ? self.protocol != 132 : self.protocol != 'SCTP') || "
    + "self.states.all(s, s in [" + FlushStates.SctpList + "])",
    RuleMessages.StatesOfSctp, Field = "states")]
[Rule("!has(self.states) || !has(self.protocol) || (type(self.protocol) == int ? self.protocol != 33 : self.protocol != 'DCCP') || "
    + "self.states.all(s, s in [" + FlushStates.DccpList + "])",
    RuleMessages.StatesOfDccp, Field = "states")]
[Rule("!has(self.states) || !has(self.protocol) || (type(self.protocol) == int ? !(self.protocol in [17, 136]) : "
    + "!(self.protocol in ['UDP', 'UDPLite'])) || self.states.all(s, s in [" + FlushStates.UdpList + "])",
    RuleMessages.StatesOfUdp, Field = "states")]
[Rule("!has(self.states) || !has(self.protocol) || (type(self.protocol) == int ? self.protocol != 47 : self.protocol != 'GRE') || "
    + "self.states.all(s, s in [" + FlushStates.GreList + "])",
    RuleMessages.StatesOfGre, Field = "states")]
[Rule("!has(self.sourcePort) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [6, 17, 136, 132, 33] : "
    + "self.protocol in ['TCP', 'UDP', 'UDPLite', 'SCTP', 'DCCP'])",
    RuleMessages.PortNeedsProtocol, Field = "sourcePort")]
[Rule("!has(self.destinationPort) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [6, 17, 136, 132, 33] : "
    + "self.protocol in ['TCP', 'UDP', 'UDPLite', 'SCTP', 'DCCP'])",
    RuleMessages.PortNeedsProtocol, Field = "destinationPort")]
[Rule("!has(self.replySourcePort) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [6, 17, 136, 132, 33] : "
    + "self.protocol in ['TCP', 'UDP', 'UDPLite', 'SCTP', 'DCCP'])",
    RuleMessages.PortNeedsProtocol, Field = "replySourcePort")]
[Rule("!has(self.replyDestinationPort) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [6, 17, 136, 132, 33] : "
    + "self.protocol in ['TCP', 'UDP', 'UDPLite', 'SCTP', 'DCCP'])",
    RuleMessages.PortNeedsProtocol, Field = "replyDestinationPort")]
[Rule("!has(self.icmp) || has(self.protocol) && (type(self.protocol) == int ? self.protocol in [1, 58] : "
    + "self.protocol in ['ICMP', 'ICMPv6'])",
    RuleMessages.IcmpNeedsProtocol, Field = "icmp")]
[Rule("!has(self.gre) || has(self.protocol) && (type(self.protocol) == int ? self.protocol == 47 : self.protocol == 'GRE')",
    RuleMessages.GreNeedsProtocol, Field = "gre")]
[Rule("!((has(self.source) && self.source.contains(':')) || (has(self.destination) && self.destination.contains(':')) || "
    + "(has(self.replySource) && self.replySource.contains(':')) || "
    + "(has(self.replyDestination) && self.replyDestination.contains(':'))) || "
    + "!((has(self.source) && !self.source.contains(':')) || (has(self.destination) && !self.destination.contains(':')) || "
    + "(has(self.replySource) && !self.replySource.contains(':')) || "
    + "(has(self.replyDestination) && !self.replyDestination.contains(':')))",
    RuleMessages.OneIpVersion)]
public sealed record FlushMatch
{
    /// <summary>How many states may be given.</summary>
    public const int MaximumStates = 16;

    /// <summary>The protocols that have a name here.</summary>
    public static IReadOnlyList<string> ProtocolNames { get; } =
        [
            "TCP", "UDP", "UDPLite", "ICMP", "ICMPv6", "SCTP", "DCCP", "GRE", "IGMP", "IPIP", "IPv6", "ESP", "AH", "OSPF", "PIM", "VRRP",
            "L2TP",
        ];

    // No rule: by the API server's estimate one that looks at a number or string costs too much in a plan's list of matches.
    /// <summary>
    /// The protocol: TCP, UDP, UDPLite, ICMP, ICMPv6, SCTP, DCCP, GRE, IGMP, IPIP, IPv6, ESP, AH, OSPF, PIM, VRRP, L2TP, or its number from
    /// 0 to 255 (without quotes).
    /// </summary>
    [Range(0, 255), Pattern("^(TCP|UDP|UDPLite|ICMP|ICMPv6|SCTP|DCCP|GRE|IGMP|IPIP|IPv6|ESP|AH|OSPF|PIM|VRRP|L2TP)$")]
    public ProtocolValue? Protocol { get; init; }

    /// <summary>
    /// States of the protocol, such as TIME_WAIT, one of which must hold. Of UDP and UDPLite UNREPLIED, REPLIED (not yet assured) and
    /// STREAM (assured), of GRE UNREPLIED and STREAM, as `top` shows them.
    /// </summary>
    [MaxItems(MaximumStates), MaxLength(32)]
    [Rule("size(self) > 0", RuleMessages.StatesEmpty)]
    [AllowedValues(
        "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
        "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
        "HEARTBEAT_ACKED",
        "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID",
        "UNREPLIED", "REPLIED", "STREAM")]
    public List<string>? States { get; init; }

    /// <summary>True: entries that have had no reply; false: those that have. SYN_RECV has had one: that is a state.</summary>
    public bool? Unreplied { get; init; }

    /// <summary>The network that the original source is in, such as 10.0.0.0/8, 2001:db8::/32 or one address.</summary>
    [MaxLength(64), Cidr]
    public string? Source { get; init; }

    /// <summary>The network that the original destination is in, before address translation.</summary>
    [MaxLength(64), Cidr]
    public string? Destination { get; init; }

    /// <summary>The original source port.</summary>
    [Range(1, 65535)]
    public int? SourcePort { get; init; }

    /// <summary>The original destination port.</summary>
    [Range(1, 65535)]
    public int? DestinationPort { get; init; }

    /// <summary>
    /// The network that answers come from: the original destination, or what it was translated to, such as the pod behind a Service's
    /// address.
    /// </summary>
    [MaxLength(64), Cidr]
    public string? ReplySource { get; init; }

    /// <summary>The network that answers go to: the original source, or what it was translated to (masquerading).</summary>
    [MaxLength(64), Cidr]
    public string? ReplyDestination { get; init; }

    /// <summary>The port that answers come from: the original destination port, or what it was translated to.</summary>
    [Range(1, 65535)]
    public int? ReplySourcePort { get; init; }

    /// <summary>The port that answers go to: the original source port, or what it was translated to.</summary>
    [Range(1, 65535)]
    public int? ReplyDestinationPort { get; init; }

    /// <summary>Fields of ICMP or ICMPv6.</summary>
    public FlushIcmpMatch? Icmp { get; init; }

    /// <summary>Keys of GRE.</summary>
    public FlushGreMatch? Gre { get; init; }

    /// <summary>The zone of both directions, or of the one that has a zone of its own. 0: entries without a zone.</summary>
    [Range(0, 65535)]
    public int? Zone { get; init; }

    /// <summary>No packet for at least this long: 30s, 10m, 24h.</summary>
    [Duration]
    public string? IdleFor { get; init; }

    /// <summary>Every entry of the table. Connections go on, but translated ones (NAT) break.</summary>
    public bool? All { get; init; }
}
