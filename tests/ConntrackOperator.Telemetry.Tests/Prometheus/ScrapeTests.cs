using System.Diagnostics.Metrics;
using System.Text;

namespace ConntrackOperator.Telemetry.Tests.Prometheus;

/// <summary>The text that Prometheus gets. promtool's own look at what the programs serve is part of the chart's tests.</summary>
[Collection(Sources.OneAtATime)]
public sealed class ScrapeTests : IDisposable
{
    private static int _number;

    private readonly Meter _meter = new("test-" + Interlocked.Increment(ref _number));
    private readonly TelemetryPipeline _pipeline;

    public ScrapeTests() =>
        _pipeline = new TelemetryPipeline(
            new TelemetrySettings(), Sources.Of(_meter.Name, ("many_total", 100), ("g", 100), ("h_seconds", 1)), Scraping.On);

    [Fact]
    public void Counter_is_a_counter_and_keeps_its_name()
    {
        var counter = _meter.CreateCounter<long>("x_total", "{packet}", "What it is.");
        counter.Add(2);
        counter.Add(3);
        Assert.Contains("# HELP x_total What it is.\n# TYPE x_total counter\nx_total 5\n", Scrape(), StringComparison.Ordinal);
        Assert.Contains("\nx_total 5\n", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public void Gauge_and_its_labels_are_written_with_what_is_special_escaped()
    {
        _meter.CreateObservableGauge(
            "g", () => new Measurement<double>(0.5, new("b", "x"), new("a", "back\\slash \"quoted\"\nnew line")), null,
            "two\nlines \\ slash");
        Assert.Contains(
            "# HELP g two\\nlines \\\\ slash\n# TYPE g gauge\ng{b=\"x\",a=\"back\\\\slash \\\"quoted\\\"\\nnew line\"} 0.5\n",
            Scrape()
                .Replace(
                    "g{a=\"back\\\\slash \\\"quoted\\\"\\nnew line\",b=\"x\"}", "g{b=\"x\",a=\"back\\\\slash \\\"quoted\\\"\\nnew line\"}",
                    StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Histogram_has_cumulative_buckets_a_sum_and_a_count()
    {
        var histogram = _meter.CreateHistogram<double>("h_seconds", "s", "How long.");
        KeyValuePair<string, object?> name = new("name", "node");
        histogram.Record(0.0002, name);
        histogram.Record(0.2, name);
        histogram.Record(60, name);
        var lines = Scrape().Split('\n').Where(l => l.StartsWith("h_seconds", StringComparison.Ordinal)).ToArray();
        Assert.Equal("h_seconds_bucket{name=\"node\",le=\"0.0001\"} 0", lines[0]);
        Assert.Equal("h_seconds_bucket{name=\"node\",le=\"0.0005\"} 1", lines[1]);
        Assert.Equal("h_seconds_bucket{name=\"node\",le=\"0.5\"} 2", lines[7]);
        Assert.Equal(
            ["h_seconds_bucket{name=\"node\",le=\"+Inf\"} 3", "h_seconds_sum{name=\"node\"} 60.2002", "h_seconds_count{name=\"node\"} 3"],
            lines[^3..]);
    }

    [Fact]
    public void Series_that_is_no_longer_measured_goes_away()
    {
        var gone = false;
        _meter.CreateObservableGauge(
            "g", () => gone ? [new Measurement<int>(1, new KeyValuePair<string, object?>("name", "stays"))] : (Measurement<int>[])
            [new(1, new KeyValuePair<string, object?>("name", "stays")), new(2, new KeyValuePair<string, object?>("name", "goes"))]);
        Assert.Contains("g{name=\"goes\"} 2\n", Scrape(), StringComparison.Ordinal);
        gone = true;
        // The SDK forgets a series at the collection after the first one that it was not in.
        Scrape();
        var text = Scrape();
        Assert.DoesNotContain("goes", text, StringComparison.Ordinal);
        Assert.Contains("g{name=\"stays\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Metric_with_more_series_than_allowed_is_summed_up_beyond()
    {
        var counter = _meter.CreateCounter<long>("many_total");
        for (var i = 0; i < 10_000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("name", i));
        }

        var lines = Scrape().Split('\n').Where(l => l.StartsWith("many_total{", StringComparison.Ordinal)).ToArray();
        Assert.InRange(lines.Length, 90, 101);
        Assert.Single(lines, l => l.StartsWith("many_total{otel_metric_overflow=\"true\"}", StringComparison.Ordinal));
        Assert.Equal(10_000, lines.Sum(l => long.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Scrapes_at_the_same_time_each_get_a_whole_text()
    {
        _meter.CreateObservableGauge(
            "g", () => Enumerable.Range(0, 50).Select(i => new Measurement<int>(i, new KeyValuePair<string, object?>("name", i))));
        Parallel.For(0, 200, _ =>
        {
            var text = Scrape();
            Assert.Equal(50, text.Split('\n').Count(l => l.StartsWith("g{", StringComparison.Ordinal)));
            Assert.Contains(
                "# TYPE conntrack_build_info gauge\nconntrack_build_info{component=\"test\",version=\"1.2.3\"} 1\n", text,
                StringComparison.Ordinal);
        });
    }

    public void Dispose()
    {
        _pipeline.Dispose();
        _meter.Dispose();
    }

    private string Scrape() => Encoding.UTF8.GetString(_pipeline.Scrape!().Span);
}
