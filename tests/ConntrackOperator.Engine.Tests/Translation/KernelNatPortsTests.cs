using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Engine.Tests.Translation;

/// <summary>
/// Masquerading to few ports until there is none left. The limit is the machine's, so nobody else may lower it meanwhile.
/// </summary>
[Collection(KernelCollection.Name)]
public sealed class KernelNatPortsTests : IDisposable
{
    private const int Lowest = 40_000;
    private const int Ports = 200;
    private const int Step = 5;
    private const int ServerPort = 5300;

    // What the alert takes for running out.
    private const int Alarm = 80;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private readonly List<Socket> _clients = [];

    [Fact]
    public async Task Ports_of_a_masqueraded_address_are_told_to_run_out_before_the_first_connection_is_lost()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var router = new NetworkNamespace();
        using var server = new NetworkNamespace();
        Connect(router, server);
        using var listening = server.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
            socket.Bind(new IPEndPoint(IPAddress.Any, ServerPort));
            return socket;
        });

        Assert.Equal([], Look(router).Nat!);
        var (sent, received, told) = (0, 0, new List<NatStatus>());
        while (received == sent && sent < 2 * Ports)
        {
            // Below a hundredth of all there are, nothing is told.
            if (Look(router).Nat is [var worst])
            {
                told.Add(worst);
            }

            router.Run(() => Send(sent));
            sent += Step;
            received += Received(listening);
        }

        Assert.NotEqual(received, sent);
        Assert.InRange(received, Ports * 9 / 10, Ports);

        // The look before the first loss, and the first that told.
        var last = told[^1];
        Assert.InRange(last.Percent!.Value, Alarm + 1, 100);
        Assert.Equal(("192.0.2.1", "192.0.2.2", ServerPort, "udp"), (last.Source, last.Destination, last.Port, last.Protocol));
        Assert.Equal((sent - Step, null), (last.Ports, last.Estimated));
        Assert.Equal("PortsSeen", last.RangeFrom);
        Assert.InRange(told.First(t => t.Percent > Alarm).Ports!.Value, Ports * 3 / 4, Ports * 9 / 10);

        // That the ports are few shows from about half of them on.
        Assert.InRange(told[0].Ports!.Value, Ports / 3, Ports * 2 / 3);
        var after = Look(router);
        Assert.Equal("NatPortsExhausted", after.AdviceReason);
        Assert.Contains($"ports of 192.0.2.1 towards 192.0.2.2:{ServerPort} are used up", after.Advice, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _state.Delete(recursive: true);
    }

    private static void Connect(NetworkNamespace router, NetworkNamespace server)
    {
        router.Execute("ip", "link add v0 type veth peer name v1");
        router.Execute("ip", $"link set v1 netns {server.ThreadId}");
        router.Execute("ip", "link set lo up");
        router.Execute("ip", "addr add 10.9.0.1/32 dev lo");
        router.Execute("ip", "addr add 192.0.2.1/24 dev v0");
        router.Execute("ip", "link set v0 up");
        server.Execute("ip", "addr add 192.0.2.2/24 dev v1");
        server.Execute("ip", "link set v1 up");
        router.Execute("nft", "-f -", $$"""
            table ip nat {
              chain out { type nat hook postrouting priority srcnat; oifname "v0" ip saddr 10.9.0.1 meta l4proto udp masquerade to :{{Lowest}}-{{Lowest + Ports - 1}}; }
            }
            """);
        router.Run(() => File.WriteAllText("/proc/sys/net/netfilter/nf_conntrack_udp_timeout", "600"));
    }

    /// <summary>From as many source ports as never before: each is a connection of its own.</summary>
    private void Send(int first)
    {
        for (var i = first; i < first + Step; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _clients.Add(client);
            client.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 10_000 + i));
            try
            {
                client.SendTo([1], new IPEndPoint(IPAddress.Parse("192.0.2.2"), ServerPort));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
            {
                // Lost: the server will say so.
            }
        }
    }

    private static int Received(Socket listening)
    {
        var received = 0;
        var buffer = new byte[16];

        // A veth hands over at once, but on another core maybe.
        while (listening.Poll(TimeSpan.FromMilliseconds(received < Step ? 1000 : 0), SelectMode.SelectRead))
        {
            listening.Receive(buffer);
            received++;
        }

        return received;
    }

    private NodeStatus Look(NetworkNamespace space) => space.Run(() =>
    {
        using var engine = NodeEngine.OpenReadOnly(
            new EngineOptions { StatePath = _state.FullName, ScanInterval = TimeSpan.FromTicks(1) }, TimeProvider.System);
        var reading = engine.Observe();
        Assert.True(engine.Scan(reading));
        return engine.Status(reading, null);
    });
}
