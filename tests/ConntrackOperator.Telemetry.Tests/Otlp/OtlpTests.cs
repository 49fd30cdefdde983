using ConntrackOperator.Telemetry.Tests.Simulation;
using ConntrackOperator.TestKit;
#if OTLP_PROTOS
using Google.Protobuf.Collections;
using Opentelemetry.Proto.Common.V1;
using Opentelemetry.Proto.Metrics.V1;
#endif

namespace ConntrackOperator.Telemetry.Tests.Otlp;

/// <summary>The programs as they are started in a cluster send what they count, trace and log to a collector.</summary>
public sealed class OtlpTests
{
#if OTLP_PROTOS
    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Agent_sends_metrics_traces_and_logs(string protocol)
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var cluster = new AgentsCluster();
        await using var agent = cluster.StartAgent(Environment(collector, protocol));
        cluster.Plan(("nf_conntrack_max", 524288));
        var got = collector.Received;
        await Eventually.UntilAsync(
            () => got.AllMetrics.Any(m => m.Name == "conntrack_entries_limit" && Points(m).Any(p => p.AsDouble == 524288)), "the metric");
        await Eventually.UntilAsync(
            () => got.AllSpans.Any(s => s.Name == "apply plan") && got.AllSpans.Any(s => s.Name == "report"), "the spans");
        await Eventually.UntilAsync(
            () => got.AllLogs.Any(l => l.Body.StringValue.Contains("plan 1 with 1 settings", StringComparison.Ordinal)), "the log");

        var resource = got.Metrics.First().Resource.Attributes.ToDictionary(a => a.Key, a => a.Value.StringValue);
        Assert.Equal(("conntrack-agent", "conntrack", "node-7", "node-7", "prod"),
            (resource["service.name"], resource["service.namespace"], resource["service.instance.id"], resource["k8s.node.name"],
            resource["deployment.environment.name"]));

        // The names are those of the scrape, and counters are counters.
        var scraped = Exposition.Parse(await agent.ScrapeAsync());
        await Eventually.UntilAsync(
            () => scraped.Keys.Except(got.AllMetrics.Select(m => m.Name)).All(n => n is "conntrack_reports_total"),
            "all the scrape's metrics");
        var drops = got.AllMetrics.First(m => m.Name == "rest_client_requests_total").Sum;
        Assert.True(drops.IsMonotonic);
        Assert.Equal(AggregationTemporality.Cumulative, drops.AggregationTemporality);

        // The call to the API server is a child of the report, and the log line of the plan belongs to the plan's trace.
        await Eventually.UntilAsync(() => got.AllSpans.Any(s => s.Name == "PATCH"), "the call's span");
        var report = got.AllSpans.First(s => s.Name == "report");
        Assert.Contains(got.AllSpans, s => s.Name == "PATCH" && s.ParentSpanId == report.SpanId);
        var plan = got.AllSpans.First(s => s.Name == "apply plan");
        var line = got.AllLogs.First(l => l.Body.StringValue.Contains("plan 1 with 1 settings", StringComparison.Ordinal));
        Assert.Equal((plan.TraceId, plan.SpanId), (line.TraceId, line.SpanId));
        Assert.Equal(1, plan.Attributes.Single(a => a.Key == "conntrack.plan.generation").Value.IntValue);
        Assert.Contains(
            agent.Lines,
            l => l.Contains("plan 1 with 1 settings", StringComparison.Ordinal)
                && l.Contains($"\"trace_id\":\"{Convert.ToHexStringLower(plan.TraceId.ToByteArray())}\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Controller_sends_metrics_traces_and_logs(string protocol)
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var cluster = new ControllersCluster();
        await using var controller = cluster.StartController(Environment(collector, protocol));
        cluster.Policy("edge");
        var got = collector.Received;
        await Eventually.UntilAsync(
            () =>
                got.AllMetrics.Any(
                    m => m.Name == "conntrack_policy_nodes"
                        && Points(m).Any(p => p.AsInt == 1 && Labels(p) == "policy=edge,state=selected")), "the metric");
        await Eventually.UntilAsync(
            () => got.AllSpans.Any(s => s.Name == "reconcile node") && got.AllSpans.Any(s => s.Name == "reconcile policy"), "the spans");
        await Eventually.UntilAsync(() => got.AllLogs.Any(l => l.Body.StringValue.Contains("leads", StringComparison.Ordinal)), "the log");
        Assert.Equal("conntrack-controller", got.Traces.First().Resource.Attributes.Single(a => a.Key == "service.name").Value.StringValue);
        var span = got.AllSpans.First(s => s.Name == "reconcile node");
        Assert.Equal("node-7", span.Attributes.Single(a => a.Key == "key").Value.StringValue);
    }

    [Fact]
    public async Task Collector_that_is_away_holds_nothing_up()
    {
        using var cluster = new AgentsCluster();
        await using var agent = cluster.StartAgent(
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_METRIC_EXPORT_INTERVAL", "200")]);
        cluster.Plan(("nf_conntrack_max", 524288));
        await agent.ScrapeUntilAsync(
            t => t.Contains("conntrack_settings{state=\"InSync\"} 1\n", StringComparison.Ordinal), "the plan in force");
        var stopped = System.Diagnostics.Stopwatch.StartNew();
        await agent.StopAsync();
        Assert.True(stopped.Elapsed < TimeSpan.FromSeconds(60), $"stopping took {stopped.Elapsed}");
    }

    [Fact]
    public async Task Certificate_that_is_not_there_is_said_and_the_agent_does_its_work()
    {
        using var cluster = new AgentsCluster();
        await using var agent = cluster.StartAgent(
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1"), ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/not/there.pem")]);
        cluster.Plan(("nf_conntrack_max", 524288));
        await Eventually.UntilAsync(
            () => agent.Lines.Any(l => l.Contains("nf_conntrack_max is 524288", StringComparison.Ordinal)), "the plan in force");
        Assert.Contains(
            agent.Lines,
            l => l.Contains("metrics are not sent: ", StringComparison.Ordinal)
                && l.Contains("\"level\":\"warning\"", StringComparison.Ordinal));
        Assert.Contains("conntrack_entries_limit 524288\n", await agent.ScrapeAsync(), StringComparison.Ordinal);
    }

    private static (string, string)[] Environment(OtlpReceiver collector, string protocol) =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", (protocol == "grpc" ? collector.Grpc : collector.Http).ToString()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod"),
    ];

    private static RepeatedField<NumberDataPoint> Points(Metric metric) => metric.Gauge?.DataPoints ?? metric.Sum?.DataPoints ?? [];

    private static string Labels(NumberDataPoint point) =>
        string.Join(',', point.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(Label));

    private static string Label(KeyValue pair) => $"{pair.Key}={pair.Value.StringValue}";
#else
    [Fact]
    public void Programs_send_what_a_collector_understands() =>
        Assert.Skip("the protocol's official files are not here: run build/get-otlp-protos.sh, which needs npm or curl, and build again");
#endif
}
