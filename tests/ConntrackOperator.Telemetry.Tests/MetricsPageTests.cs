using System.Text;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Telemetry.Tests.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Telemetry.Tests;

/// <summary>
/// docs/metrics.md lists what the programs serve, all of it and nothing else; alerts and dashboards are checked against that page.
/// </summary>
[Collection(Sources.OneAtATime)]
public sealed class MetricsPageTests
{
    [Fact]
    public async Task Agent_serves_what_the_page_lists()
    {
        using var server = new FakeApiServer([new FakeResource(Reporter.Type)]);
        using var metrics = new AgentMetrics();
        using var pipeline = new TelemetryPipeline(
            new TelemetrySettings(), AgentTelemetry.Source(new AgentOptions { NodeName = "node-7" }), Scraping.WhenAsked);
        pipeline.Scrape!();
        metrics.Show(
            new TableReading(10, 100, 100, 1000, Counters, null),
            new NodeStatus
            {
                Nat = [new NatStatus { Percent = 80 }],
                Settings = [new SettingStatus { Name = "nf_conntrack_max", Desired = 1, Actual = 1, State = SettingState.InSync }],
            },
            Breakdown,
            flushed: 3,
            new Outlook(1, 0.25, new TimeToFull(TimeSpan.FromMinutes(90), 100, 42, false)));
        metrics.Applied(TimeSpan.FromMilliseconds(1));
        metrics.Scanned(TimeSpan.FromMilliseconds(1), all: false);
        metrics.Reported(written: true, new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));

        // A watch that ends every second is established again.
        using var stop = new CancellationTokenSource();
        var watcher = new Informer<ConntrackNode>(
            server.CreateClient(), Reporter.Type, ApiJson.Default.ConntrackNode,
            new InformerOptions { WatchTimeout = TimeSpan.FromSeconds(1) });
        var watching = watcher.RunAsync(stop.Token);
        await Eventually.UntilAsync(() => watcher.Watches > 1, "the watch again");
        var scraped = Exposition.Parse(Encoding.UTF8.GetString(pipeline.Scrape().Span));
        await stop.CancelAsync();
        await watching;
        Assert.Equal(Listed("agent"), Lines(scraped));
    }

    [Fact]
    public void Series_of_a_protocol_without_states_has_the_label_all_the_same_since_an_empty_one_is_none()
    {
        using var metrics = new AgentMetrics();
        using var pipeline = new TelemetryPipeline(
            new TelemetrySettings(), AgentTelemetry.Source(new AgentOptions { NodeName = "node-7" }), Scraping.WhenAsked);
        pipeline.Scrape!();
        metrics.Show(
            new TableReading(10, 100, 100, 1000, null, null), new NodeStatus(),
            Breakdown with { States = [Breakdown.States[0] with { Protocol = "udp", State = "" }] }, flushed: 0);
        Assert.Contains(
            "conntrack_entries_by_state{protocol=\"udp\",state=\"none\"} 10\n", Encoding.UTF8.GetString(pipeline.Scrape().Span),
            StringComparison.Ordinal);
    }

    [Fact]
    public void No_limit_is_served_as_infinity_with_which_nothing_is_ever_full()
    {
        using var metrics = new AgentMetrics();
        using var pipeline = new TelemetryPipeline(
            new TelemetrySettings(), AgentTelemetry.Source(new AgentOptions { NodeName = "node-7" }), Scraping.WhenAsked);
        pipeline.Scrape!();
        metrics.Show(new TableReading(31337, null, 100, null, null, null, NoLimit: true), new NodeStatus(), null, flushed: 0);
        var text = Encoding.UTF8.GetString(pipeline.Scrape().Span);
        Assert.Contains("conntrack_entries_limit +Inf\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("conntrack_memory_bytes ", text, StringComparison.Ordinal);
        metrics.Show(new TableReading(31337, 65536, 100, null, null, null), new NodeStatus(), null, flushed: 0);
        Assert.Contains("conntrack_entries_limit 65536\n", Encoding.UTF8.GetString(pipeline.Scrape().Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Why_packets_were_lost_is_counted_from_the_agents_start_and_the_kernels_own_counters_from_its_boot()
    {
        using var metrics = new AgentMetrics();
        using var pipeline = new TelemetryPipeline(
            new TelemetrySettings(), AgentTelemetry.Source(new AgentOptions { NodeName = "node-7" }), Scraping.WhenAsked);
        pipeline.Scrape!();
        Show(Counters with { Drop = 900, TableFullDrops = 500, RacesLost = 300, OtherDrops = 100 });
        Show(Counters with { Drop = 906, TableFullDrops = 501, RacesLost = 302, OtherDrops = 103 });
        var text = Encoding.UTF8.GetString(pipeline.Scrape().Span);
        string[] lines =
        [
            "conntrack_drop_total 906", "conntrack_table_full_drops_total 1", "conntrack_races_lost_total 2",
            "conntrack_other_drops_total 3",
        ];
        foreach (var line in lines)
        {
            Assert.Contains(line + "\n", text, StringComparison.Ordinal);
        }

        void Show(ConntrackCounters counters) =>
            metrics.Show(new TableReading(1, 2, 3, 4, counters, null), new NodeStatus(), null, flushed: 0);
    }

    [Fact]
    public async Task Controller_serves_what_the_page_lists()
    {
        using var cluster = new ControllersCluster();
        await using var controller = cluster.StartController([], "--namespace-metric");
        await controller.ScrapeUntilAsync(
            t => t.Contains("leader_election_master_status{name=\"conntrack-controller\"} 1\n", StringComparison.Ordinal), "the leader");
        cluster.Policy("edge", """, "rollout":{"maxUnavailable":1} """);
        await controller.ScrapeUntilAsync(
            t => t.Contains("conntrack_policy_rollout_paused{policy=\"edge\"} 0\n", StringComparison.Ordinal)
                && t.Contains("controller_runtime_reconcile_total{", StringComparison.Ordinal),
            "the policy");
        await controller.ScrapeUntilAsync(
            t => t.Contains("conntrack_entries_by_namespace{source_namespace=\"(other)\"} 0\n", StringComparison.Ordinal),
            "the namespaces");
        cluster.Restart();
        var text = await controller.ScrapeUntilAsync(
            t => t.Contains("conntrack_watch_reconnects_total{", StringComparison.Ordinal), "the watches again");
        Assert.Equal(Listed("controller"), Lines(Exposition.Parse(text)));
    }

    private static ConntrackCounters Counters { get; } = new()
    {
        Drop = 1,
        TableFullDrops = 1,
        RacesLost = 0,
        OtherDrops = 0,
        EarlyDrop = 2,
        InsertFailed = 3,
        ClashResolve = 4,
        ChainTooLong = 5,
        Invalid = 6,
        SearchRestart = 7,
        Found = 8,
        Insert = 9,
        Delete = 10,
        Ignore = 11,
        Error = 12,
        At = default,
        Source = CounterSource.Ctnetlink,
    };

    private static Breakdown Breakdown { get; } = new()
    {
        Source = FlowSource.Ctnetlink,
        At = default,
        Elapsed = TimeSpan.Zero,
        Sampled = 10,
        TableEntries = 10,
        Complete = true,
        ErrorBoundPercent = 0,
        AssuredPercent = 0,
        UnrepliedPercent = 0,
        States =
        [
            new StateShare
            {
                Protocol = "tcp", State = "ESTABLISHED", Count = 10, EstimatedEntries = 10, Percent = 100, ErrorBoundPercent = 0,
                UnrepliedPercent = 0, AssuredPercent = 0,
                TimeoutKey = null, Timeout = null, IdleP50 = null, IdleP90 = null, Idle = new IdleHistogram { Counts = [], Known = 0 },
            },
        ],
        TopSources = [],
        TopUnrepliedSources = [],
        TopDestinations = [],
        TopTcpDestinationsByState = [],
        TopPorts = [],
        Undecodable = 0,
    };

    private static IEnumerable<string> Lines(Dictionary<string, (string Type, SortedSet<string> Labels)> scraped) =>
        scraped.Select(m => $"{m.Key} {m.Value.Type} {string.Join(',', m.Value.Labels)}").Order(StringComparer.Ordinal);

    /// <summary>The page's rows for a program, as "name type label,label".</summary>
    private static IEnumerable<string> Listed(string program) =>
        File.ReadLines(Path.Combine(Repository.Root, "docs", "metrics.md"))
            .Where(l => l.StartsWith("| `", StringComparison.Ordinal))
            .Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Where(c => c[4] == program || c[4] == "both")
            .Select(
                c => $"{c[1].Trim('`')} {c[2]} "
                    + $"{string.Join(',', c[3].Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal))}")
            .Order(StringComparer.Ordinal);
}
