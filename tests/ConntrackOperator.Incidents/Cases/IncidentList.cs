using ConntrackOperator.Incidents.Machine;

namespace ConntrackOperator.Incidents.Cases;

/// <summary>The incidents, in the order of the table.</summary>
internal static class IncidentList
{
    private const long Full = 19_800;

    private static readonly string _honest = "TableTooSmall";

    internal static IReadOnlyList<Incident> All { get; } =
    [
        new()
        {
            Name = "young-leak", Title = "young leak: 1,000 a second from one client to one database, nothing sent",
            Traffic = ["open from=10.81.2.1 to=10.96.14.7:5432 rate=1000 then=hold"], Reaches = Full,
            Truths = [Truth.Of("LeakingClient", "10.81.2.1", "10.96.14.7:5432|10.83.1.14:5432")],
        },
        new()
        {
            Name = "syn-answered", Title = "SYN flood that the server answers",
            Traffic = ["raw kind=syn from=10.82.7.7 to=10.83.1.20 ports=8080 rate=4000"], Reaches = Full,
            Truths = [Truth.Of("SynFloodAnswered", "10.82.7.7")],
        },
        new()
        {
            Name = "syn-silent", Title = "SYN flood to a silent port",
            Traffic = ["raw kind=syn from=10.82.7.8 to=10.83.9.5 ports=443 rate=3000"], Reaches = Full,
            Truths = [Truth.Of("SynFloodUnanswered", "10.82.7.8", "10.83.9.5:443")],
        },
        new()
        {
            Name = "udp-spoofed", Title = "UDP flood from spoofed sources",
            Traffic = ["raw kind=udp from=10.82.0.0 sources=65000 random=1 to=10.83.0.2 ports=27015 rate=4000"], Reaches = Full,
            Truths = [Truth.Of("UdpFlood", "10.83.0.2:27015")],
        },
        new()
        {
            Name = "dns-storm", Title = "DNS storm: three pods, a new source port for each query",
            Traffic = ["raw kind=udp from=10.81.3.1 sources=3 to=10.96.0.53 ports=53 sports=20000-31999 rate=3000"], Reaches = Full,
            Truths = [Truth.Of("DnsStorm", "53")],
        },
        new()
        {
            Name = "short-connections", Title = "burst of short connections (TIME_WAIT)",
            Traffic = ["open from=10.81.4.1 sources=4 to=10.96.0.10:80 rate=1500 then=close"], Reaches = Full, Fixable = true,
            Truths = [Truth.Of("ShortConnections", "10.96.0.10:80|10.83.0.2:8080")],
        },
        new()
        {
            Name = "nat-ports", Title = "MASQUERADE out of ports, the table nearly empty", Limit = null,
            Rules = "*nat\n-I POSTROUTING -p tcp -d 10.84.0.2 --dport 443 -j MASQUERADE --to-ports 20000-21999\nCOMMIT\n",
            MoreLegitimate = "5@10.84.0.2:443",
            Traffic = ["open from=10.81.5.1 sources=3 to=10.84.0.2:443 rate=600 max=2600 patience=2 then=hold"], Reaches = 2_000,
                AtLeast = 6,
            Truths = [Truth.Of("NatPortsExhausted", "10.84.0.2:443", "10.81.5.1|10.81.5.2|10.81.5.3|10.84.0.1")],
        },
        new()
        {
            Name = "too-small", Title = "honest, busy, too small",
            Traffic = [
                "open from=10.81.6.1 sources=500 to=10.96.0.10:80,10.83.1.1:8080,10.83.1.2:8080 rate=2000 max=22000 then=ask every=20"],
            Reaches = Full, Fixable = true, PreciousPort = 8080, Truths = [Truth.Of(_honest)],
        },
        new()
        {
            Name = "tunnel", Title = "one-way UDP tunnel (VXLAN, 4789) between nodes",
            Traffic = ["raw kind=udp from=10.81.7.1 sources=3 to=10.83.0.2 ports=4789 sports=32768-60999 rate=2500 size=120"],
                Reaches = Full,
            Truths = [Truth.Of("OneWayTunnel", "4789")],
        },
        new()
        {
            Name = "asymmetric", Title = "TCP whose answers take another way, INVALID is dropped",
            Traffic = ["open from=10.85.1.1 sources=20 to=10.83.1.30:8080 rate=1500 patience=3 then=ask every=3"], Reaches = Full,
            Truths = [Truth.Of("AsymmetricRouting")],
        },
        new()
        {
            Name = "close-wait", Title = "CLOSE_WAIT with a time-out of an hour",
            Settings = new Dictionary<string, long> { ["tcp_timeout_close_wait"] = 3600 },
            Traffic =
            [
                "open from=10.81.8.1 sources=5 to=10.96.0.10:8443 rate=2000 max=19600 then=fin",
                "open from=10.81.8.21 sources=5 to=10.96.0.10:8443 rate=50 then=fin",
            ],
            Reaches = 19_700, Then = (topology, _) => topology.Age(8443, TimeSpan.FromMinutes(30), "CLOSE_WAIT", 3600), Fixable = true,
            Truths = [Truth.Of("CloseWait", "10.96.0.10:8443|10.83.0.2:5432")],
        },
        new()
        {
            Name = "pod-full", Title = "a pod's own table is full", InPod = true, MoreLegitimate = "10@10.89.0.2:80",
            Traffic = ["open from=10.89.0.1 to=10.89.0.2:5432 rate=2000 then=hold"], Reaches = Full,
            Truths = [Truth.Of("OtherNamespaceFull")],
        },
        new()
        {
            Name = "scan", Title = "one source scans many ports of many silent hosts",
            Traffic = ["raw kind=syn from=10.82.8.8 to=10.83.9.1 hosts=200 ports=1-1000 sports=40000 rate=3000"], Reaches = Full,
            Truths = [Truth.Of("Scan", "10.82.8.8")],
        },
        new()
        {
            Name = "icmp", Title = "ICMP flood, every echo with another id",
            Traffic = ["raw kind=icmp from=10.82.9.9 to=10.83.0.2 sports=0-65535 rate=3000"], Reaches = Full,
            Truths = [Truth.Of("IcmpFlood", "10.82.9.9")],
        },
        new()
        {
            Name = "keepalive", Title = "keepalive connections that look idle for nearly two hours",
            Traffic = ["open from=10.81.9.1 sources=200 to=10.96.0.10:6379,10.83.1.3:6379,10.83.1.4:6379 rate=2500 max=22000 then=hold"],
            Reaches = Full, PreciousPort = 6379, Fixable = true,
            Then = (topology, _) => topology.Age(6379, TimeSpan.FromMinutes(115)),
            Truths = [Truth.Of(_honest + "|IdleConnections")],
        },
        new()
        {
            Name = "long-polls", Title = "long polls: asked once, waiting for an answer",
            Traffic = ["open from=10.81.10.1 sources=300 to=10.96.0.10:8443,10.83.1.5:5432 rate=2500 max=22000 then=poll"],
            Reaches = Full, PreciousPort = 5432, Fixable = true, Truths = [Truth.Of(_honest)],
        },
        new()
        {
            Name = "quic", Title = "QUIC: 22,000 flows in use",
            Traffic = ["raw kind=udp from=10.81.12.0 sources=1000 to=10.83.0.2 ports=443 sports=5000-5021 rate=4000 size=400"],
            Reaches = Full, AtLeast = 14, Fixable = true, Truths = [Truth.Of(_honest)],
        },
        new()
        {
            Name = "nat-gateway", Title = "NAT gateway for 4,000 clients at noon",
            Traffic =
            [
                "open from=10.81.16.0 sources=4000 to=10.84.0.2:80,10.84.1.1:80,10.84.1.2:80,10.84.1.3:80 rate=1600 max=18000 then=ask "
                    + "every=20",
                "open from=10.81.32.0 sources=2000 to=10.84.1.4:80,10.84.1.5:80 rate=200 then=close",
            ],
            Reaches = Full, Fixable = true, PreciousPort = 80, Truths = [Truth.Of(_honest)],
        },
        new()
        {
            Name = "peers-rebooted", Title = "connections of a day ago to peers that were rebooted since",
            Traffic = [
                "open from=10.81.13.1 sources=50 to=10.83.1.6:5432,10.83.1.7:5432,10.83.1.8:5432,10.83.1.9:5432 rate=2500 max=20500 "
                    + "then=hold"],
            Reaches = Full, Fixable = true, Then = Reboot, Truths = [Truth.Of("IdleConnections")],
        },
        new()
        {
            Name = "two-at-once", Title = "a leak and a SYN flood to a silent port at once",
            Traffic =
            [
                "open from=10.81.2.2 to=10.96.14.7:5432 rate=900 max=12000 then=hold",
                "raw kind=syn from=10.82.7.9 to=10.83.9.6 ports=443 rate=1000",
            ],
            Reaches = Full,
            Truths = [Truth.Of("LeakingClient", "10.81.2.2"), Truth.Of("SynFloodUnanswered", "10.82.7.9")],
        },
        new()
        {
            Name = "page", Title = "a table full of idle connections, and the commands of docs/table-full.md", Page = "docs/table-full.md",
            Traffic = [
                "open from=10.81.13.1 sources=50 to=10.83.1.6:5432,10.83.1.7:5432,10.83.1.8:5432,10.83.1.9:5432 rate=2500 max=20500 "
                    + "then=hold"],
            Reaches = Full, Fixable = true, Then = Reboot, Truths = [Truth.Of("IdleConnections")],
        },
        new()
        {
            Name = "sample", Title = "short connections, and config/samples/flush-time-wait.yaml in the order of its comment",
                Page = "config/samples/flush-time-wait.yaml",
            Traffic = ["open from=10.81.4.1 sources=4 to=10.96.0.10:80 rate=1200 then=close"], Reaches = Full, Fixable = true,
            Truths = [Truth.Of("ShortConnections")],
        },
    ];

    // The peers' hosts are gone with a power failure: no FIN, no RST, and nobody answers for them.
    private static void Reboot(Topology topology, IReadOnlyList<Generator> generators)
    {
        Topology.Rules(topology.Clients, "table ip rebooted { chain out { type filter hook output priority 0; tcp dport 5432 drop; }; }");
        Topology.Rules(topology.Servers, "table ip rebooted { chain out { type filter hook output priority 0; tcp sport 5432 drop; }; }");
        generators[0].Dispose();
        topology.Age(5432, TimeSpan.FromHours(20));
    }
}
