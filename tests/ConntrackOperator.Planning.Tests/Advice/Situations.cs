using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Situations that differ in who is asked, what is known and what can be done; see <see cref="AdvicePageTests"/>.</summary>
internal static class Situations
{
    private const TrafficClass SynSent = TrafficClass.SynSent;
    private const TrafficClass Udp = TrafficClass.UdpUnreplied;

    private static readonly Load _inUse = new(TrafficClass.Established, 1000) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) };
    private static readonly RuleFacts _iptables = new() { HasNft = false };
    private static readonly AdviceTarget _node = new("kubectl conntrack", "node-7");

    private static readonly Load _synFlood = new(SynSent, 18_000)
    {
        Sources = ["10.0.7.7"],
        Destination = "10.0.5.2",
        Port = 80,
        New = 4000,
    };

    private static readonly Load _leak = new(TrafficClass.Established, 18_000)
    {
        Sources = ["10.0.1.2"],
        Destination = "10.0.5.1",
        Port = 5432,
        New = 20,
        SilentPercent = 99,
        Idle = (60, 600),
    };

    internal static IReadOnlyDictionary<string, TableFacts> All { get; } = new Dictionary<string, TableFacts>
    {
        // Floods: by source, by place, held, made without entries, or nothing to be done here.
        ["SYN flood from this machine"] = Flood(_synFlood) with { LocalAddresses = Set("10.0.7.7") },
        ["SYN flood by IPv6 with iptables"] =
            Flood(_synFlood with { Sources = ["2001:db8::7", "2001:db8::8"], Destination = "2001:db8::2" }) with { Rules = _iptables },
        ["SYN flood from a network"] =
            Flood(_synFlood with { Class = TrafficClass.SynReceived, Sources = [], Network = "198.18.0.0/15" }),
        ["SYN flood that a shorter time-out holds"] = Flood(
            _synFlood with { Sources = [], New = 400 }, new Load(TrafficClass.Established, 500) { Destination = "10.0.5.2", Port = 80 }),
        ["SYN flood of everybody that nothing here stops"] = Flood(
            _synFlood with { Class = TrafficClass.SynReceived, Sources = [] },
            new Load(TrafficClass.Established, 500) { Destination = "10.0.5.2", Port = 80 }) with
        {
            NodeMemoryBytes = 64L << 20,
        },
        ["SYN flood of everybody that a larger table holds"] = Flood(
            _synFlood with { Class = TrafficClass.SynReceived, Sources = [], New = 1000 },
            new Load(TrafficClass.Established, 500) { Destination = "10.0.5.2", Port = 80 }),
        ["SYN flood while packets are lost"] = Flood(_synFlood) with
        {
            Rates = new RateFacts { LostForWant = 6000, EarlyDrops = 1200, Invalid = 30 },
            NewPerSecond = new Bounds(3000, 4000),
            AssuredPercent = 97.5,
            GrowthPerSecond = 50,
        },
        ["SYN flood of which only a sample was seen"] = Sampled(Flood(_synFlood with { Sources = ["10.0.7.7", "10.0.7.8"] })),
        ["SYN flood without a second look on a node"] = Once(Flood(_synFlood)) with { Target = _node },
        ["SYN flood in a table without a known limit"] =
            Flood(_synFlood) with { Limit = 0, Buckets = 0, Rates = new RateFacts { LostForWant = 60 } },
        ["UDP flood to a service that answers"] = Flood(
            new Load(Udp, 18_000) { Destination = "10.0.5.4", Port = 27015, New = 3000 },
            new Load(TrafficClass.UdpReplied, 200) { Destination = "10.0.5.4", Port = 27015 }),
        ["UDP flood to a translated service that answers"] = Flood(
            new Load(Udp, 18_000) { Destination = "10.0.5.4", Port = 27015, New = 100_000, Translated = true },
            new Load(TrafficClass.UdpReplied, 200) { Destination = "10.0.5.4", Port = 27015, Translated = true }) with
        {
            Rules = _iptables,
            NodeMemoryBytes = 256L << 20,
        },
        ["UDP flood that a shorter time-out holds in force already"] = Flood(
            new Load(Udp, 18_000) { Destination = "10.0.5.4", Port = 27015, New = 900 },
            new Load(TrafficClass.UdpReplied, 200) { Destination = "10.0.5.4", Port = 27015 }) with
        {
            Target = new AdviceTarget("kubectl-conntrack", HasPlan: true),
        },
        ["ICMP flood of everybody"] = Flood(new Load(TrafficClass.Icmp, 18_000) { New = 500 }),
        ["ICMP flood of one by IPv6"] =
            Flood(new Load(TrafficClass.Icmp, 18_000) { Sources = ["2001:db8::7"], Destination = "2001:db8::2", New = 3000 }),
        ["ESP that nobody answers"] =
            Flood(new Load(TrafficClass.OtherUnreplied, 18_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", New = 20 }),
        ["ESP of everybody"] = Flood(new Load(TrafficClass.OtherUnreplied, 18_000) { New = 300 }) with { Rules = _iptables },
        ["SCTP that nobody answers"] = Flood(
            new Load(TrafficClass.OtherUnreplied, 18_000)
            {
                Network = "10.1.0.0/24",
                Destination = "10.2.0.1",
                Port = 36412,
                Protocol = "sctp",
                New = 6000,
            }),
        ["SCTP that nobody answers by IPv6 with iptables"] = Flood(
            new Load(TrafficClass.OtherUnreplied, 18_000)
            {
                Sources = ["2001:db8::7"],
                Destination = "2001:db8::2",
                Port = 36412,
                Protocol = "sctp",
                New = 6000,
            }) with
        {
            Rules = _iptables,
        },
        ["ESP and GRE of everybody"] = Flood(
            new Load(TrafficClass.OtherUnreplied, 9_000) { New = 300 },
            new Load(TrafficClass.OtherUnreplied, 9_000) { New = 300, Protocol = "gre" }),
        ["UDP-Lite of a network by IPv6"] = Flood(
            new Load(Udp, 18_000)
            {
                Network = "2001:db8:0:7::/64",
                Destination = "2001:db8::2",
                Port = 5000,
                Protocol = "udplite",
                New = 900,
            }),
        ["ICMP flood of everybody by both versions of IP"] = Flood(
            new Load(TrafficClass.Icmp, 9_000) { New = 500 }, new Load(TrafficClass.Icmp, 9_000) { New = 500, Protocol = "icmpv6" }),
        ["ICMP flood of everybody by IPv6 that a time-out holds"] =
            Flood(new Load(TrafficClass.Icmp, 18_000) { Destination = "2001:db8::2", New = 800 }),
        ["half-open connections of this machine that are over"] =
            Flood(new Load(TrafficClass.OneWay, 18_400) { Sources = ["10.89.0.2"], Ports = 250, New = 6 }) with
            {
                LocalAddresses = Set("10.89.0.2"),
            },

        // Scans.
        ["scan of hosts by UDP from this machine"] = Flood(
            new Load(Udp, 18_000) { Sources = ["10.0.7.7"], Hosts = 250, New = 300 }) with
        {
            LocalAddresses = Set("10.0.7.7"),
        },
        ["sweep of pings by IPv6"] =
            Once(Flood(new Load(TrafficClass.Icmp, 18_000) { Sources = ["2001:db8::7"], Hosts = 120 })) with { Rules = _iptables },
        ["scan of ports of three hosts by SYN and UDP"] = Flood(
            new Load(SynSent, 9_000) { Sources = ["10.0.7.7"], Hosts = 3, Ports = 90, New = 100 },
            new Load(Udp, 9_000) { Sources = ["10.0.7.7"], Hosts = 3, Ports = 60, New = 100 }),
        ["a gateway that is answered is no scanner"] = Flood(
            new Load(SynSent, 6_000) { Sources = ["10.0.7.7"], Hosts = 250, New = 100 },
            new Load(TrafficClass.TimeWait, 12_000) { Sources = ["10.0.7.7"], New = 100, Idle = (100, 10) }),

        // Names.
        ["queries that are not translated"] = Flood(
            new Load(Udp, 12_000) { Sources = ["10.0.1.2"], Destination = "10.0.0.53", Port = 53, New = 500 },
            new Load(TrafficClass.UdpReplied, 6_000) { Sources = ["10.0.1.3"], Destination = "2001:db8::53", Port = 53, New = 2500 }),
        ["translated queries with iptables"] = Flood(
            new Load(TrafficClass.UdpReplied, 18_000) { Destination = "10.96.0.10", Port = 53, New = 1500, Translated = true }) with
        {
            Rules = _iptables,
            Target = _node,
        },
        ["translated queries that nothing here holds"] = Flood(
            new Load(TrafficClass.UdpReplied, 18_000) { Destination = "10.96.0.10", Port = 53, New = 90_000, Translated = true }) with
        {
            NodeMemoryBytes = 64L << 20,
        },
        ["queries without a second look"] =
            Once(Flood(new Load(Udp, 18_000) { Destination = "10.96.0.10", Port = 53, Translated = true })),

        // Ports of translated addresses.
        ["ports nearly used up of the range that the machine has"] = Ports(48_000, 32_768, 60_999, losses: 0, range: (1024, 65_535)),
        ["ports used up of all that there are, and nothing lost"] = Ports(63_000, 1024, 65_535, losses: 0),
        ["ports used up that are closing"] = Ports(1950, 20_000, 21_999, losses: 30, kind: TrafficClass.TimeWait),
        ["a dense range of ports of which only a sample was seen"] = Ports(1950, 20_000, 21_999, losses: 30) with { IsSample = true },
        ["a narrow rule among two"] = Ports(950, 20_000, 20_998, losses: 30) with
        {
            Rules = new RuleFacts
            {
                Translations =
                [
                    new TranslationRule("wide", 10_000, 29_999, "widen the wide one"),
                    new TranslationRule("narrow", 20_000, 20_999, "widen the narrow one"),
                    new TranslationRule("other", 30_000, 30_999, "widen the other one"),
                ],
            },
        },

        // Leaks and CLOSE_WAIT.
        ["leak of a client on this machine"] = Flood(_leak) with { LocalAddresses = Set("10.0.1.2"), Rules = RuleFacts.NotKnown },
        ["leak by IPv6 on a node with iptables"] = Flood(_leak with { Sources = ["2001:db8::7"], Destination = "2001:db8::2" }) with
        {
            Rules = new RuleFacts { HasNft = false, DropsInvalid = false },
            Target = _node,
        },
        ["leak of days of which only a sample was seen"] = Sampled(Flood(_leak with { Idle = (90, 90_000), SilentPercent = null })),
        ["leak of two clients to one place"] = Flood(_leak with { Sources = ["10.0.1.2", "10.0.1.3"] }),
        ["leak of days by time-outs that nobody watched"] =
            Unwatched(Flood(_leak with { Idle = (90, 90_000), SilentPercent = null })),
        ["connections that speak and seem idle by time-outs that nobody watched"] =
            Unwatched(Flood(_leak with { Idle = (90, 90_000), SilentPercent = null, SpeakingPercent = 30 })),
        ["connections of days by time-outs that nobody watched"] =
            Unwatched(Tables.Of(new Load(TrafficClass.Established, 18_000) { Idle = (95, 90_000) })),
        ["connections of days on a node by time-outs that nobody watched"] =
            Unwatched(Tables.Of(new Load(TrafficClass.Established, 18_000) { Idle = (95, 90_000) })) with { Target = _node },
        ["connections of days by time-outs that were watched for three hours"] =
            Tables.Of(new Load(TrafficClass.Established, 18_000) { Idle = (95, 90_000) }) with
            {
                TimeoutsWatchedFor = TimeSpan.FromHours(3),
            },
        ["CLOSE_WAIT by time-outs that nobody watched"] =
            Unwatched(Flood(new Load(TrafficClass.CloseWait, 18_000) { Idle = (90, 600), New = 30 })),
        ["CLOSE_WAIT of nobody in particular"] = Flood(new Load(TrafficClass.CloseWait, 18_000) { Idle = (90, 60), New = 30 }),
        ["CLOSE_WAIT with a short time-out already"] = Flood(
            new Load(TrafficClass.CloseWait, 18_000)
            {
                Sources = ["10.0.1.2"],
                Destination = "2001:db8::9",
                Port = 8443,
                Idle = (100, 30),
                TimeoutSeconds = 60,
                New = 400,
            }),
        ["CLOSE_WAIT of many clients to one place"] =
            Once(Flood(new Load(TrafficClass.CloseWait, 18_000) { Destination = "10.0.5.7", Port = 8443 })),

        // Routes.
        ["answers of two clients that take another way through a translation"] = Flood(
            new Load(SynSent, 18_000)
            {
                Sources = ["10.0.1.2", "10.0.1.3"],
                Destination = "10.0.5.6",
                Port = 8080,
                New = 1500,
                Translated = true,
            }) with
        {
            Rates = new RateFacts { Invalid = 1500 * 60 },
            Rules = new RuleFacts { DropsInvalid = false },
        },
        ["both halves of what takes another way without a second look"] = Once(Flood(
            new Load(SynSent, 6_000) { Destination = "10.0.5.6", Port = 8080 },
            new Load(TrafficClass.OneWay, 12_000) { Sources = ["10.0.5.6", "10.0.5.7"] })) with
        {
            Rates = new RateFacts { Invalid = 400 * 60 },
            Rules = _iptables,
        },

        // Room.
        ["full of connections in use on a node with a plan"] = Tables.Of(
            new Load(TrafficClass.Established, 19_500) { Idle = (50, 30), New = 10 }) with
        { Target = _node, GrowthPerSecond = 2.5 },
        ["full of connections in use with a policy in force"] = Tables.Of(new Load(TrafficClass.Established, 16_000)) with
        {
            Target = new AdviceTarget("kubectl-conntrack", HasPlan: true),
            Watched = TimeSpan.Zero,
            NewPerSecond = null,
        },
        ["full of connections in use where the memory limit is in the way"] = Tables.Of(new Load(TrafficClass.Established, 18_500)) with
        {
            NodeMemoryBytes = 117L << 20,
            MemoryLimitPercent = 5,
        },
        ["full of connections in use and no memory for more"] =
            Tables.Of(new Load(TrafficClass.Established, 18_500)) with { NodeMemoryBytes = 40L << 20 },
        ["chains of other namespaces and no memory for buckets"] = Tables.Of(_inUse) with
        {
            Buckets = 1024,
            NodeMemoryBytes = 16L << 20,
            Rates = new RateFacts { ChainTooLong = 90 },
            Namespaces =
            [
                new NamespaceFacts { Inode = 4026532321, Entries = 8_000, Limit = 20_000, Pod = "web", Process = "nginx", Pid = 7 },
                new NamespaceFacts { Inode = 4026532322, Entries = 9_000, Limit = 20_000 },
            ],
        },
        ["chains too long in a table that is full"] =
            Tables.Of(new Load(TrafficClass.Established, 18_500)) with
            {
                Rates = new RateFacts { ChainTooLong = 90 },
                NamespacesLooked = false,
            },

        // Other namespaces and races.
        ["tables of namespaces with and without a name"] = Tables.Of(_inUse) with
        {
            Namespaces =
            [
                new NamespaceFacts
                {
                    Inode = 4026532320,
                    Name = "lab",
                    Entries = 19_990,
                    Limit = 20_000,
                    DropsPerMinute = 900,
                    EarlyDropsPerMinute = 0,
                },
                new NamespaceFacts { Inode = 4026532321, Pod = "web", Pid = 7, Process = "nginx", Entries = 20_000, Limit = 20_000 },
                new NamespaceFacts { Inode = 4026532322, Entries = 18_500, Limit = 20_000, DropsPerMinute = 0, EarlyDropsPerMinute = 30 },
                new NamespaceFacts { Inode = 4026532323, Entries = 500, Limit = 20_000 },
            ],
        },
        ["races among queries"] = Tables.Of(_inUse, new Load(Udp, 500) { Destination = "10.96.0.10", Port = 53 }) with
        {
            Rates = new RateFacts { LostInRaces = 90, LostForWant = 0 },
        },
        ["races where there are no queries"] = Tables.Of(_inUse) with { Rates = new RateFacts { LostInRaces = 90 } },

        // Tunnels and what is short or idle.
        ["VXLAN of a link by IPv6 with iptables"] = Flood(
            new Load(Udp, 9_000) { Sources = ["2001:db8::7"], Destination = "2001:db8::2", Port = 4789, New = 50 },
            new Load(TrafficClass.UdpStream, 9_000) { Destination = "10.0.0.1", Port = 51820, Translated = true }) with
        {
            Rules = _iptables,
            TunnelLinks = ["vxlan flannel.1"],
        },
        ["short connections that only a larger table holds"] = Tables.Of(
            new Load(TrafficClass.TimeWait, 17_000)
            {
                Sources = ["10.0.1.2"],
                Destination = "10.0.5.5",
                Port = 80,
                New = 4000,
                Idle = (40, 60),
            },
            new Load(TrafficClass.Closing, 1_500) { Sources = ["10.0.1.2"], Destination = "10.0.5.5", Port = 80, New = 100 }) with
        { Target = _node },
        ["connections of days on a node"] = Flood(
            new Load(TrafficClass.Established, 17_500) { Destination = "2001:db8::2", Port = 5432, Idle = (95, 90_000) }) with
        { Target = _node, Rules = RuleFacts.NotKnown },
        ["a little of everything, lost and sampled"] = Sampled(Once(Tables.Of(
            [.. Enum.GetValues<TrafficClass>().Where(c => c is not TrafficClass.CloseWait).Select(c => new Load(c, 1500))]))) with
        {
            Rates = new RateFacts { LostForWant = 5, EarlyDrops = 20 },
            NamespacesLooked = false,
        },
    };

    private static TableFacts Flood(params Load[] loads) => Tables.Of([_inUse, .. loads]);

    private static HashSet<string> Set(string address) => [address];

    private static TableFacts Unwatched(TableFacts facts) => facts with { TimeoutsWatchedFor = TimeSpan.FromSeconds(2) };

    /// <summary>What one look tells.</summary>
    private static TableFacts Once(TableFacts facts) => facts with
    {
        Watched = TimeSpan.Zero,
        NewPerSecond = null,
        Traffic = [.. facts.Traffic.Select(group => group with { NewPerSecond = null, SpeakingPercent = null })],
    };

    /// <summary>What a sample tells: each number within a twentieth.</summary>
    private static TableFacts Sampled(TableFacts facts) => facts with
    {
        IsSample = true,
        ErrorBoundPercent = 2.5,
        Traffic =
        [
            .. facts.Traffic.Select(
                group => group with { Entries = Blur(group.Entries)!.Value, NewPerSecond = Blur(group.NewPerSecond) }),
        ],
    };

    private static Bounds? Blur(Bounds? exact) => exact is { } e ? new Bounds(e.Least - (e.Least / 20), e.Most + (e.Most / 20)) : null;

    private static TableFacts Ports(
        long entries, int lowest, int highest, double losses, (int, int)? range = null, TrafficClass kind = TrafficClass.Established)
    {
        var facts = Tables.Of(
            new Load(kind, entries - 500) { Sources = ["10.0.1.2"], Destination = "10.84.0.2", Port = 443, Idle = (50, 30) },
            new Load(kind, 500) { Sources = ["10.0.1.3"], Destination = "10.84.0.2", Port = 443, Idle = (50, 30) });
        return facts with
        {
            Limit = 262_144,
            Rates = new RateFacts { LostInRaces = losses },
            Traffic =
            [
                .. facts.Traffic.Select(group => group with { SourceTranslatedPercent = 100 }),
                new TrafficFacts
                {
                    View = TrafficView.Translation,
                    Class = TrafficClass.Other,
                    Protocol = "tcp",
                    Source = "192.0.2.1",
                    Destination = "10.84.0.2",
                    Port = 443,
                    Entries = new Bounds(entries, entries),
                    TranslatedPorts = (lowest, highest),
                    PortRange = range,
                    SourceTranslatedPercent = 100,
                },
            ],
        };
    }
}
