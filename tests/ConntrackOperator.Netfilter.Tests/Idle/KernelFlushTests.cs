using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>Deleting by idle time beside connections that are in use.</summary>
[Collection(MachineCollection.Name)]
public sealed class KernelFlushTests
{
    private const int Port = 5001;
    private const int Each = 55;

    // In use means a packet several times a second here, on a machine that has nothing else to do.
    private static readonly TimeSpan _idleFor = TimeSpan.FromSeconds(12);

    [Fact]
    public void No_flush_by_idle_time_takes_a_connection_that_has_spoken_and_each_takes_those_that_have_not()
    {
        NetworkNamespace.Require("ip", "nft");

        // Where this process is kept from its CPU for longer than a flush's idle time, connections really are idle: that says
        // nothing, so it is tried with times that are longer than such pauses.
        var pauses = new List<TimeSpan>();
        for (var idleFor = _idleFor; idleFor <= _idleFor * 16; idleFor *= 2)
        {
            if (Flush(idleFor, out var longestPause))
            {
                return;
            }

            pauses.Add(longestPause);
        }

        Assert.Fail($"nobody spoke for {string.Join(", ", pauses)}: this shows nothing");
    }

    /// <returns>False when connections were not in use all the time, since this process was not run.</returns>
    private static bool Flush(TimeSpan idleFor, out TimeSpan longestPause)
    {
        using var path = new NatPath();
        using var listener = path.Listen(Port);
        using var server = path.Socket(path.Server, ProtocolType.Udp);
        server.Bind(new IPEndPoint(NatPath.ServerAddress, Port));
        var sysctls = new SysctlDirectory();
        var watch = new TimeoutWatch(sysctls);
        path.Router.Run(() =>
        {
            sysctls.Write(SysctlNames.TcpTimeoutEstablished, 900);
            sysctls.Write(SysctlNames.UdpTimeout, 300);
            watch.Look();
        });

        using var busy = new BusyConnections(path, listener, server);
        busy.Open("chat", Each);
        busy.Open("slow reader", Each);
        busy.Open("window 0", Each);
        busy.Open("half closed", Each);
        busy.OpenUdp(Each);
        var idle = busy.Idle(40);
        var deleted = 0L;
        var begun = TimeProvider.System.GetTimestamp();
        var changed = false;
        for (var round = 0; round < 12 || TimeProvider.System.GetElapsedTime(begun) < idleFor * 2; round++)
        {
            busy.Speak();
            Thread.Sleep(300);
            if (!changed && round > 5)
            {
                // Somebody raises one and lowers the other.
                changed = true;
                path.Router.Run(() =>
                {
                    sysctls.Write(SysctlNames.TcpTimeoutEstablished, 432_000);
                    sysctls.Write(SysctlNames.UdpTimeoutStream, 100);
                });
            }

            busy.Speak();
            var result = path.Router.Run(
                () => new FlowDeleter(sysctls, timeouts: watch).Delete(new FlowMatch { IdleFor = idleFor }, dryRun: false));
            deleted += result.Deleted;
            busy.NotePause();
            if (busy.LongestPause > idleFor - TimeSpan.FromSeconds(3))
            {
                longestPause = busy.LongestPause;
                return false;
            }
        }

        // A TCP entry that is gone is not made anew, since the router wants to see a SYN: what is lost here stays lost.
        busy.Speak();
        Thread.Sleep(300);
        Assert.Empty(busy.Lost());
        Assert.True(busy.Count >= 200, $"only {busy.Count} were in use");
        Assert.Equal(idle, deleted);
        longestPause = busy.LongestPause;
        return true;
    }
}
