using System.Globalization;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>
/// Clients - router - servers, each a network namespace. The router tracks, translates (DNAT to services, MASQUERADE to the
/// outside) and drops INVALID, and stands for the machine that has the incident. Beside it: a second way from the servers to
/// some of the clients, and a pod with a table of its own.
/// </summary>
internal sealed class Topology : IDisposable
{
    /// <summary>Names end in these.</summary>
    private static readonly string[] _names = ["clients", "router", "servers", "outside", "way", "pod"];

    /// <summary>What the names of this process's namespaces begin with.</summary>
    internal static string Prefix { get; } = string.Create(CultureInfo.InvariantCulture, $"inc{Environment.ProcessId}");

    private readonly TrafficProgram _program;

    internal Topology(TrafficProgram program)
    {
        _program = program;
        try
        {
            Build();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal string Clients => Name("clients");

    internal string Router => Name("router");

    internal string Servers => Name("servers");

    internal string Outside => Name("outside");

    internal string Pod => Name("pod");

    /// <summary>Runs a program in one of the namespaces.</summary>
    internal static string Inside(string name, params string[] command) => Shell.Run("ip", ["netns", "exec", name, .. command]);

    internal static void Set(string name, string sysctl, long value) =>
        Inside(name, "sysctl", "-qw", string.Create(CultureInfo.InvariantCulture, $"net.{sysctl}={value}"));

    /// <summary>Loads rules of nft.</summary>
    internal static void Rules(string name, string rules) => Shell.Run("ip", ["netns", "exec", name, "nft", "-f", "-"], rules);

    internal void RouterRules(string restore) => Shell.Run("ip", ["netns", "exec", Router, "iptables-restore", "--noflush"], restore);

    /// <summary>
    /// Time passes for the router's entries to a port in a state: their seconds left become those of so long without a packet.
    /// </summary>
    internal void Age(int port, TimeSpan idle, string state = "ESTABLISHED", long timeout = 432000) =>
        Shell.Run(
            _program.Path,
            [Router, "age", $"port={port}", $"state={state}",
            string.Create(CultureInfo.InvariantCulture, $"left={timeout - (long)idle.TotalSeconds}")]);

    public void Dispose()
    {
        var there = Shell.Run("ip", ["netns", "list"]).Split('\n').Select(line => line.Split(' ')[0]).ToHashSet();
        foreach (var name in _names.Select(Name).Where(there.Contains))
        {
            Shell.Try("ip", ["netns", "del", name]);
        }
    }

    private string Name(string part) => $"{Prefix}-{part}";

    private void Build()
    {
        Batch(null, string.Join('\n', _names.Select(n => $"netns add {Name(n)}")));
        Batch(null, $"""
            link add clients netns {Router} type veth peer name router netns {Clients}
            link add servers netns {Router} type veth peer name router netns {Servers}
            link add outside netns {Router} type veth peer name router netns {Outside}
            link add clients netns {Name("way")} type veth peer name way netns {Clients}
            link add servers netns {Name("way")} type veth peer name way netns {Servers}
            link add eth0 netns {Pod} type veth peer name pod netns {Clients}
            """);

        // 10.81 are clients, 10.82 addresses that nobody answers for (spoofed ones), 10.85 clients whose answers take the second
        // way; 10.83.9 hosts that are silent.
        Configure(Clients, "router 10.80.0.2/24", "way 10.87.0.1/24", "pod 10.89.0.1/24", """
            route add local 10.81.0.0/16 dev lo
            route add local 10.85.0.0/16 dev lo
            route add default via 10.80.0.1
            """);
        Configure(Router, "clients 10.80.0.1/24", "servers 10.83.0.1/24", "outside 10.84.0.1/24", """
            route add 10.81.0.0/16 via 10.80.0.2
            route add 10.82.0.0/16 via 10.80.0.2
            route add 10.85.0.0/16 via 10.80.0.2
            route add 10.83.1.0/24 via 10.83.0.2
            route add 10.83.9.0/24 via 10.83.0.2
            route add 10.84.1.0/24 via 10.84.0.2
            """);
        Configure(Servers, "router 10.83.0.2/24", "way 10.86.0.2/24", """
            route add local 10.83.1.0/24 dev lo
            route add default via 10.83.0.1
            route add 10.85.0.0/16 via 10.86.0.1
            """);
        Configure(Outside, "router 10.84.0.2/24", """
            route add local 10.84.1.0/24 dev lo
            route add default via 10.84.0.1
            """);
        Configure(Name("way"), "clients 10.87.0.2/24", "servers 10.86.0.1/24", "route add 10.85.0.0/16 via 10.87.0.1");
        Configure(Pod, "eth0 10.89.0.2/24", "route add default via 10.89.0.1");
        foreach (var name in (string[])[Router, Name("way")])
        {
            Inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0");
        }

        // As many connections from an address as there are ports, and no ICMP errors where a generator has no socket for an answer.
        Inside(Clients, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535", "net.ipv4.conf.all.rp_filter=0");
        Rules(Clients, "table ip quiet { chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }; }");
        Rules(Pod, "table ip tracked { chain in { type filter hook input priority 0; ct state new counter accept; }; }");
        Set(Servers, "core.somaxconn", 4096);
        Set(Outside, "core.somaxconn", 4096);
        Set(Pod, "core.somaxconn", 4096);
        RouterRules("""
            *nat
            -A PREROUTING -d 10.96.0.10/32 -p tcp --dport 80 -j DNAT --to-destination 10.83.0.2:8080
            -A PREROUTING -d 10.96.0.10/32 -p tcp --dport 6379 -j DNAT --to-destination 10.83.0.2:6379
            -A PREROUTING -d 10.96.0.10/32 -p tcp --dport 9000 -j DNAT --to-destination 10.83.0.2:9000
            -A PREROUTING -d 10.96.0.10/32 -p tcp --dport 8443 -j DNAT --to-destination 10.83.0.2:5432
            -A PREROUTING -d 10.96.14.7/32 -p tcp --dport 5432 -j DNAT --to-destination 10.83.1.14:5432
            -A PREROUTING -d 10.96.0.53/32 -p udp --dport 53 -j DNAT --to-destination 10.83.0.2:53
            -A POSTROUTING -o outside -j MASQUERADE
            COMMIT
            *filter
            -A FORWARD -m conntrack --ctstate INVALID -j DROP
            COMMIT
            """ + "\n");
    }

    private static void Configure(string name, params string[] lines) => Batch(name, string.Join('\n',
    [
        "link set lo up",
        .. lines[..^1].SelectMany(
            line => line.Split(' ') is [var device, var address]
                ? new[] { $"addr add {address} dev {device}", $"link set {device} up" } : []),
        lines[^1],
    ]));

    private static void Batch(string? name, string lines) =>
        Shell.Run("ip", [.. name is null ? (string[])[] : ["-n", name], "-batch", "-"], lines + "\n");
}
