using System.Text.Json.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Cli.Tests.Host;

/// <summary>What the screens say of packets that are really lost while they look.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HostLossTests
{
    private const string Name = "the machine's limit";

    [Fact]
    public async Task One_shot_screen_shows_the_rate_at_which_a_full_table_really_drops()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var host = new TestHost();
        host.Network.TrackLoopback();
        using var flows = new NewFlows(host.Network);
        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, 128).Status);

        // The kernel refuses at the sender, so each lost packet and its time are known from this side too.
        var lost = new List<double>();
        var ended = 0;
        var begun = TimeProvider.System.GetTimestamp();
        var flood = new Thread(() =>
        {
            while (Volatile.Read(ref ended) == 0)
            {
                if (flows.Send(1) == 1)
                {
                    lost.Add(Now());
                }

                Thread.Sleep(1);
            }
        });
        flood.Start();
        JsonNode report;
        double started, finished;
        try
        {
            started = Now();
            report = JsonNode.Parse(Entries.Ok(host.Look("top", "--once", "-o", "json")))!;
            finished = Now();
        }
        finally
        {
            Volatile.Write(ref ended, 1);
            flood.Join();
        }

        var (rate, span) = ((double)report["tableFullDropsPerMinute"]!, (double)report["ratesOverSeconds"]!);
        Assert.InRange(span, 0.9, finished - started);
        var counted = rate * span / 60;
        var (least, most) = Windows(lost, started, finished, span);
        Assert.True(most >= 20, $"too little was lost to tell: {most}");
        Assert.InRange(counted, (least * 0.85) - 5, (most * 1.15) + 5);
        Assert.Equal((0, 0), ((double)report["racesLostPerMinute"]!, (double)report["otherDropsPerMinute"]!));

        double Now() => TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
    }

    [Fact]
    public async Task Races_are_named_with_what_helps_while_they_go_on()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var host = new TestHost();
        var race = new InsertionRace(host.Network);
        var policy = host.File("p.yaml", """
            apiVersion: conntrack.dev/v1alpha1
            kind: ConntrackPolicy
            metadata: {name: p}
            spec: {timeouts: {udp: {stream: 2m}}}

            """);
        using var watch = host.Start("watch", "-f", policy);
        var first = await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Contains("watching 1 settings", first, StringComparison.Ordinal);
        while (await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line
            && !line.Contains("nf_conntrack_udp_timeout_stream", StringComparison.Ordinal))
        {
        }

        Assert.True(race.Lose(20, TimeSpan.FromMinutes(2)) >= 20, "no race was lost in two minutes");
        var told = await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Contains(
            "packets lost in races at insertion: no size of the table helps; for DNS a node-local cache, NAT with random-fully, or "
                + "single-request-reopen does", told, StringComparison.Ordinal);
        watch.Kill();

        var status = Entries.Ok(host.Look("status"));
        Assert.Contains(
            "since this network namespace was made: 0 packets dropped for want of an entry, ", status, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 lost in races", status, StringComparison.Ordinal);
        Assert.Contains("pressure  Normal: ", status, StringComparison.Ordinal);
    }

    /// <summary>The least and the most that happened in any stretch of this length.</summary>
    private static (int Least, int Most) Windows(List<double> times, double from, double to, double length)
    {
        var (least, most) = (int.MaxValue, 0);
        for (var start = from; start + length <= to; start += 0.01)
        {
            var count = times.Count(t => t >= start && t < start + length);
            (least, most) = (Math.Min(least, count), Math.Max(most, count));
        }

        return least == int.MaxValue ? (0, times.Count) : (least, most);
    }
}
