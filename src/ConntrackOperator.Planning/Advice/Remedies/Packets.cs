namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>
/// Which packets a rule is about, written for nft or for iptables. Always of one protocol, so that nothing else between the same
/// addresses is met. Of ICMP only pings: 'fragmentation needed', Packet Too Big and neighbour discovery must pass.
/// </summary>
internal sealed record Packets
{
    /// <summary>Its name in lower case, such as tcp, or its number.</summary>
    internal required string Protocol { get; init; }

    internal string? Source { get; init; }

    internal string? Destination { get; init; }

    internal int? SourcePort { get; init; }

    internal int? DestinationPort { get; init; }

    /// <summary>Only those that open a TCP connection.</summary>
    internal bool SynOnly { get; init; }

    /// <summary>Of pings: the answers in the place of the requests. Requests alone make entries.</summary>
    internal bool EchoReplies { get; init; }

    internal bool IsV6 => (Source ?? Destination)?.Contains(':', StringComparison.Ordinal) == true;

    private bool IsIcmp => Protocol is "icmp" or "icmpv6";

    // /etc/protocols, which nft and iptables go by, has other names for some (its ipip is 94, the kernel's 4), and is not everywhere.
    private string InRules => Protocol switch
    {
        "igmp" => "2",
        "ipip" => "4",
        "ipv6" => "41",
        "gre" => "47",
        "esp" => "50",
        "ah" => "51",
        "ospf" => "89",
        "pim" => "103",
        "vrrp" => "112",
        "l2tp" => "115",
        _ => Protocol,
    };

    private string EchoType => EchoReplies ? "echo-reply" : "echo-request";

    /// <summary>Whether packets of a protocol have ports that rules can name.</summary>
    internal static bool HasPorts(string protocol) => protocol is "tcp" or "udp" or "udplite" or "sctp" or "dccp";

    internal string Nft()
    {
        var family = IsV6 ? "ip6" : "ip";
        var parts = new List<string>();
        Add(Source, $"{family} saddr");
        Add(Destination, $"{family} daddr");
        if (IsIcmp)
        {
            Add(EchoType, $"{Protocol} type");
        }
        else if (SourcePort is null && DestinationPort is null && !SynOnly)
        {
            Add(InRules, "meta l4proto");
        }

        Add(SourcePort?.ToString(), $"{Protocol} sport");
        Add(DestinationPort?.ToString(), $"{Protocol} dport");
        if (SynOnly)
        {
            parts.Add("tcp flags & (fin | syn | rst | ack) == syn");
        }

        return string.Join(' ', parts);

        void Add(string? value, string match)
        {
            if (value is not null)
            {
                parts.Add($"{match} {value}");
            }
        }
    }

    internal string Iptables()
    {
        // Only tcp and udp bring these options along for certain.
        var (sourcePort, destinationPort) = Protocol is "tcp" or "udp"
            ? ("--sport", "--dport") : ("-m multiport --sports", "-m multiport --dports");
        var parts = new List<string>();
        Add(Source, "-s");
        Add(Destination, "-d");
        Add(InRules, "-p");
        Add(IsIcmp ? EchoType : null, $"--{Protocol}-type");
        Add(SourcePort?.ToString(), sourcePort);
        Add(DestinationPort?.ToString(), destinationPort);
        if (SynOnly)
        {
            parts.Add("--syn");
        }

        return string.Join(' ', parts);

        void Add(string? value, string option)
        {
            if (value is not null)
            {
                parts.Add($"{option} {value}");
            }
        }
    }
}
