namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>Which packets a rule is about, written for nft or for iptables.</summary>
internal sealed record Packets
{
    internal string? Protocol { get; init; }

    internal string? Source { get; init; }

    internal string? Destination { get; init; }

    internal int? SourcePort { get; init; }

    internal int? DestinationPort { get; init; }

    /// <summary>Only those that open a TCP connection.</summary>
    internal bool SynOnly { get; init; }

    internal bool IsV6 => (Source ?? Destination)?.Contains(':', StringComparison.Ordinal) == true;

    internal string Nft()
    {
        var family = IsV6 ? "ip6" : "ip";
        var parts = new List<string>();
        Add(Source, $"{family} saddr");
        Add(Destination, $"{family} daddr");
        if (SourcePort is null && DestinationPort is null && Protocol is not null && !SynOnly)
        {
            parts.Add($"meta l4proto {(Protocol == "icmpv6" ? "ipv6-icmp" : Protocol)}");
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
        var parts = new List<string>();
        Add(Source, "-s");
        Add(Destination, "-d");
        Add(Protocol, "-p");
        Add(SourcePort?.ToString(), "--sport");
        Add(DestinationPort?.ToString(), "--dport");
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
