using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>What a report says of a look at the table.</summary>
public sealed class CompositionBuilderTests
{
    private static readonly StateShare _state = new()
    {
        Protocol = "tcp",
        State = "ESTABLISHED",
        Count = 1,
        EstimatedEntries = 1,
        Percent = 62.5,
        ErrorBoundPercent = 0,
        UnrepliedPercent = 0,
        AssuredPercent = 100,
        TimeoutKey = null,
        Timeout = null,
        IdleP50 = TimeSpan.FromSeconds(0.9),
        IdleP90 = TimeSpan.FromSeconds(5400),
        IdleP50AtMost = TimeSpan.FromSeconds(1),
        IdleP90AtMost = null,
        Idle = new IdleHistogram { Counts = [], Known = 0 },
    };

    private static readonly Breakdown _breakdown = new()
    {
        Source = FlowSource.Ctnetlink,
        At = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero),
        Elapsed = TimeSpan.FromMilliseconds(20),
        Sampled = 50_000,
        TableEntries = 1_000_000,
        Complete = false,
        ErrorBoundPercent = 0.7351,
        AssuredPercent = 12.5,
        UnrepliedPercent = 87.49,
        States = [_state, _state with { Protocol = "icmp", State = "", Percent = 0.4 }, .. Enumerable.Repeat(_state, 20)],
        TopSources = [.. Enumerable.Range(1, 10).Select(i => new SourceShare(FlowAddress.V4((uint)i), 1, 10.5, 0))],
        TopUnrepliedSources = [],
        TopDestinations =
        [
            new(FlowAddress.V4(1), 53, "udp", "", 1, 99.5, 0),
            .. Enumerable.Range(1, 10).Select(i => new DestinationShare(FlowAddress.V4((uint)i), 0, "icmp", "", 1, 1, 0)),
        ],
        TopTcpDestinationsByState = [],
        TopPorts = [],
        TimeoutsWatchedFor = TimeSpan.FromMinutes(90),
        Undecodable = 0,
    };

    [Fact]
    public void Shares_are_whole_and_idle_times_in_words()
    {
        var told = CompositionBuilder.Composition(_breakdown);
        Assert.Equal(
            (50_000L, 0.7, 87, 13, "1h30m", _breakdown.At),
            (told.Sampled, told.ErrorBoundPercent, told.UnrepliedPercent, told.AssuredPercent, told.TimeoutsWatchedFor, told.At));
        Assert.Equal(10, told.States!.Count);
        var first = told.States[0];
        Assert.Equal(("tcp", "ESTABLISHED", 63), (first.Protocol, first.State, first.Percent));
        Assert.Equal(("0s", "1h30m", "1s", null), (first.IdleP50, first.IdleP90, first.IdleP50AtMost, first.IdleP90AtMost));
        Assert.Equal(("icmp", null, 0), (told.States[1].Protocol, told.States[1].State, told.States[1].Percent));
        Assert.Null(CompositionBuilder.Composition(_breakdown with { TimeoutsWatchedFor = null }).TimeoutsWatchedFor);
    }

    [Fact]
    public void Five_of_each_list_are_told_and_a_port_where_there_is_one()
    {
        var told = CompositionBuilder.Top(_breakdown);
        Assert.Equal((5, 5), (told.Sources!.Count, told.Destinations!.Count));
        Assert.Equal(("0.0.0.1", 11), (told.Sources[0].Address, told.Sources[0].Percent));
        Assert.Equal(
            ("0.0.0.1", 53, "udp", 100),
            (told.Destinations[0].Address, told.Destinations[0].Port, told.Destinations[0].Protocol, told.Destinations[0].Percent));
        Assert.Null(told.Destinations[1].Port);
    }

    [Fact]
    public void Ports_are_told_in_whole_percent_rounded_down_and_an_estimate_as_one()
    {
        var use = new PortUse(
            FlowAddress.V4(1), FlowAddress.V4(2), 443, 6)
        { Ports = 999, IsExact = false, Seen = 9, Moved = 0, Lowest = 1, Highest = 2 };
        var pair = new NatPorts(use, new PortRange(40_000, 40_999, PortRangeSource.Rule));
        var told = NatReport.Of([pair, pair with { Use = use with { IsExact = true, Ports = 5000 } }])!;
        Assert.Equal(
            ("0.0.0.1", "0.0.0.2", 443, "tcp", 999L), (told[0].Source, told[0].Destination, told[0].Port, told[0].Protocol, told[0].Ports));
        Assert.Equal((99, "40000-40999", "Rule", true), (told[0].Percent, told[0].Range, told[0].RangeFrom, told[0].Estimated));
        Assert.Equal((100, null), (told[1].Percent, told[1].Estimated));
        Assert.Null(NatReport.Of(null));
    }

    [Theory]
    [InlineData(60, 0.1, 0, 60)]
    [InlineData(60, 0.1, 0.5, 75)]
    [InlineData(60, 0.1, 1, 90)]
    [InlineData(60, 0.6, 0, 240)]
    [InlineData(60, 0.6, 1, 360)]
    public void A_look_that_takes_long_is_made_the_less_often(double interval, double took, double chance, double pause) =>
        Assert.Equal(pause, ScanCycle.Pause(TimeSpan.FromSeconds(interval), TimeSpan.FromSeconds(took), chance).TotalSeconds, 3);

    [Fact]
    public void Losses_of_other_namespaces_are_told_a_minute_once_they_were_seen_before()
    {
        var root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1));
            Process(root.FullName, "thread-self", 1, 0);
            Process(root.FullName, "20", 2, 0x10);
            var watch = new NamespaceWatch(root.FullName, time);
            var first = Assert.Single(watch.Read(limit: 0));
            Assert.Equal(
                (2UL, 5L, null, null, null), (first.Inode, first.Entries, first.Limit, first.DropsPerMinute, first.EarlyDropsPerMinute));

            time.Advance(TimeSpan.FromSeconds(30));
            Process(root.FullName, "20", 2, 0x1a);
            Process(root.FullName, "30", 3, 0x99);
            var second = watch.Read(limit: 1000).ToDictionary(n => n.Inode);
            Assert.Equal((1000L, 20.0, 20.0), (second[2].Limit, second[2].DropsPerMinute, second[2].EarlyDropsPerMinute));
            Assert.Null(second[3].DropsPerMinute);

            // Another namespace with the same inode begins at nothing: no negative rate.
            time.Advance(TimeSpan.FromSeconds(30));
            Process(root.FullName, "20", 2, 0);
            Assert.All(watch.Read(limit: 1000), n => Assert.Equal((0.0, 0.0), (n.DropsPerMinute, n.EarlyDropsPerMinute)));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static void Process(string proc, string pid, int inode, int lost)
    {
        var path = Path.Combine(proc, pid);
        Directory.CreateDirectory(path + "/ns");
        Directory.CreateDirectory(path + "/net/stat");
        if (!Path.Exists(path + "/ns/net"))
        {
            File.Delete(path + "/ns/net");
            File.CreateSymbolicLink(path + "/ns/net", $"net:[{inode}]");
        }

        File.WriteAllText(path + "/net/stat/nf_conntrack", $"entries drop early_drop\n00000005 {lost:x8} {lost:x8}\n");
    }
}
