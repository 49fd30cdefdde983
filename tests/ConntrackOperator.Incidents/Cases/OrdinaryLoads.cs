namespace ConntrackOperator.Incidents.Cases;

/// <summary>Loads that are nobody's fault and nobody's trouble: there must be no advice.</summary>
internal static class OrdinaryLoads
{
    internal static IReadOnlyList<Incident> All { get; } =
    [
        Load("quiet", "a quiet machine", 50, "raw kind=icmp from=10.81.20.1 to=10.83.0.2 rate=1"),
        Load(
            "web", "a web server: 300 short connections a second", 1500,
            "open from=10.81.20.1 sources=100 to=10.96.0.10:80 rate=300 then=close"),
        Load("pools", "connection pools: 6,000 connections, most of them idle", 6000,
            "open from=10.81.20.1 sources=60 to=10.96.0.10:6379,10.83.1.3:6379 rate=2000 max=6000 then=hold"),
        Load("dns", "200 queries a second", 1000, "raw kind=udp from=10.81.20.1 sources=50 to=10.96.0.53 ports=53 rate=200"),
        Load(
            "quic", "5,000 QUIC flows", 5000,
            "raw kind=udp from=10.81.20.1 sources=1000 to=10.83.0.2 ports=443 sports=5000-5004 rate=2000"),
        Load("long-polls", "8,000 long polls", 8000, "open from=10.81.20.1 sources=400 to=10.96.0.10:8443 rate=2000 max=8000 then=poll"),
        Load("pings", "monitoring pings 50 hosts", 100, "raw kind=icmp from=10.81.20.1 to=10.83.1.1 hosts=50 rate=30"),
        Load(
            "syslog", "200 hosts send syslog over UDP, never answered", 150,
            "raw kind=udp from=10.81.20.1 sources=200 to=10.83.0.2 ports=27015 sports=514 rate=200"),
        Load(
            "tunnel", "a VXLAN tunnel with little in it", 900,
            "raw kind=udp from=10.81.20.1 sources=3 to=10.83.0.2 ports=4789 sports=32768-60999 rate=250"),
        Load(
            "websockets", "8,000 websockets that speak every 20 s", 8000,
            "open from=10.81.20.1 sources=800 to=10.96.0.10:80,10.83.1.1:8080 rate=2000 max=8000 then=ask every=20"),
    ];

    private static Incident Load(string name, string title, long reaches, string traffic) =>
        new() { Name = "ordinary-" + name, Title = title, Traffic = [traffic], Reaches = reaches, AtLeast = 2, Truths = [] };
}
