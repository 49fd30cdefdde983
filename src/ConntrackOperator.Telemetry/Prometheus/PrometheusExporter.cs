using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace ConntrackOperator.Telemetry.Prometheus;

/// <summary>
/// Collects the metrics when it is asked and writes them as text. The official exporter for this is meant for development
/// alone and brings a web server with it; the text is all that is needed beside what OpenTelemetry counts.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly Lock _lock = new();
    private readonly PrometheusWriter _writer = new();

    /// <inheritdoc />
    public Func<int, bool>? Collect { get; set; }

    /// <summary>Everything as of now; empty when it could not be collected.</summary>
    public ReadOnlyMemory<byte> Scrape()
    {
        // One at a time: the text belongs to the collection that made it.
        lock (_lock)
        {
            _writer.Clear();
            return Collect?.Invoke(Timeout.Infinite) == true ? _writer.ToArray() : ReadOnlyMemory<byte>.Empty;
        }
    }

    /// <inheritdoc />
    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (var metric in batch)
        {
            _writer.Write(metric);
        }

        return ExportResult.Success;
    }
}
