using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>
/// A client and a server with a router between them that translates the client's address, drops what is invalid, and loses packets.
/// </summary>
internal sealed class NatPath : IDisposable
{
    internal static readonly IPAddress ServerAddress = IPAddress.Parse("10.97.2.2");

    internal NatPath(int lossPercent = 0)
    {
        Router.Execute("ip", $"link add c0 type veth peer name c1 netns {Client.ThreadId}");
        Router.Execute("ip", $"link add s0 type veth peer name s1 netns {Server.ThreadId}");
        Configure(Client, "c1", "10.97.1.2/24", "10.97.1.1");
        Configure(Server, "s1", "10.97.2.2/24", null);
        Configure(Router, "c0", "10.97.1.1/24", null);
        Configure(Router, "s0", "10.97.2.1/24", null);
        Router.Run(() => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));

        // Lost before the router has seen it, at -300, and on the way from it, in the two ends: the kernel here may be without netem.
        Router.Execute("nft", "-f -", $$"""
            table ip path {
              chain lossy { type filter hook prerouting priority -300; {{Lose(lossPercent)}} }
              chain early { type filter hook prerouting priority -150; }
              chain through { type filter hook forward priority 0; ct state invalid drop; ct state new tcp flags & syn != syn drop; }
              chain nat { type nat hook postrouting priority 100; oifname "s0" masquerade; }
            }
            """);
        foreach (var end in (NetworkNamespace[])[Client, Server])
        {
            end.Execute("nft", "-f -", $$"""
                table ip end {
                  set deaf { type inet_service; }
                  chain in { type filter hook prerouting priority -300; tcp dport @deaf drop; {{Lose(lossPercent)}} }
                }
                """);
        }
    }

    internal NetworkNamespace Client { get; } = new();

    internal NetworkNamespace Router { get; } = new();

    internal NetworkNamespace Server { get; } = new();

    internal Socket Socket(NetworkNamespace space, ProtocolType protocol) => space.Run(() =>
        new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol)
        {
            Blocking = false,
        });

    internal Socket Listen(int port)
    {
        var socket = Socket(Server, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(ServerAddress, port));
        socket.Listen(1024);
        return socket;
    }

    /// <summary>What comes to this port of this end is lost from now on.</summary>
    internal static void Deafen(NetworkNamespace space, int port) =>
        space.Execute("nft", string.Create(CultureInfo.InvariantCulture, $"add element ip end deaf {{ {port} }}"));

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Router.Dispose();
    }

    private static string Lose(int percent) =>
        percent == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"numgen random mod 100 < {percent} drop;");

    private static void Configure(NetworkNamespace space, string name, string address, string? gateway)
    {
        space.Execute("ip", "link set lo up");
        space.Execute("ip", $"addr add {address} dev {name}");
        space.Execute("ip", $"link set {name} up");
        if (gateway is not null)
        {
            space.Execute("ip", $"route add default via {gateway}");
        }
    }
}
