using System.Diagnostics.Metrics;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Telemetry.Logging;
using ConntrackOperator.Telemetry.Prometheus;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ConntrackOperator.Telemetry;

/// <summary>
/// Takes what the program counts, traces and logs to where the environment says, and to whoever scrapes. Nothing is built
/// that nobody asked for.
/// </summary>
public sealed class TelemetryPipeline : IDisposable
{
    // From a tenth of a millisecond (a pass over the settings) to ten seconds (a look into a very full table).
    private static readonly double[] _seconds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

    private readonly TelemetrySource _source;
    private readonly Lock _lock = new();
    private readonly DateTimeOffset _started = TimeProvider.System.GetUtcNow();
    private readonly PrometheusExporter? _exporter;
    private readonly List<string> _problems = [];
    private TracerProvider? _tracers;
    private ILoggerFactory? _loggers;
    private ILogger? _logger;
    private MeterProvider? _meters;
    private ProcessMetrics? _process;
    private bool _disposed;

    /// <summary>Builds it.</summary>
    /// <param name="settings">What goes out by OTLP.</param>
    /// <param name="source">Who speaks.</param>
    /// <param name="scraping">Whether the metrics are served for Prometheus as well.</param>
    public TelemetryPipeline(TelemetrySettings settings, TelemetrySource source, Scraping scraping)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _exporter = scraping != Scraping.Off ? new PrometheusExporter() : null;
        if (settings.Metrics || scraping == Scraping.On)
        {
            Try("metrics", () => BuildMeters(settings.Metrics));
        }

        if (settings.Traces)
        {
            Try("traces", () => _tracers = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(r => Describe(r, source))
                // With the calls to the API server; those that are made for a piece of work are its children.
                .AddSource([.. source.Spans, RuntimeTelemetry.Name, "System.Net.Http"])
                .AddOtlpExporter()
                .Build());
        }

        if (settings.Logs)
        {
            Try("logs", BuildLogs);
        }
    }

    /// <summary>
    /// What could not be set up, and why: a certificate file that is not there, say. The rest works, and the program goes on.
    /// </summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The metrics as of now in Prometheus' text format; null: they are not served.</summary>
    public Func<ReadOnlyMemory<byte>>? Scrape => _exporter is null ? null : ScrapeNow;

    /// <summary>A log that sends by OTLP what <paramref name="lines"/> writes, with its values as attributes, if logs are sent.</summary>
    /// <param name="lines">The log of standard output; its level holds for both.</param>
    public ILogger Tee(ILogger lines) => _logger is { } logger ? new TeeLogger(lines, logger) : lines;

    /// <summary>Sends what is left, for a few seconds at most.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _meters?.Shutdown(2000);
            _meters?.Dispose();
            _process?.Dispose();
        }

        _tracers?.Shutdown(2000);
        _tracers?.Dispose();
        _loggers?.Dispose();
    }

    private ReadOnlyMemory<byte> ScrapeNow()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return ReadOnlyMemory<byte>.Empty;
            }

            if (_meters is null)
            {
                // Nobody asked before, or sending could not be set up.
                BuildMeters(send: false);
            }
        }

        return _exporter!.Scrape();
    }

    /// <summary>Telemetry is no reason not to do the work: whatever the SDK makes of its environment, the program starts.</summary>
    private void Try(string signal, Action build)
    {
        try
        {
            build();
        }
        catch (Exception e)
        {
            _problems.Add($"{signal} are not sent: {e.Message}");
        }
    }

    private void BuildLogs()
    {
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddOpenTelemetry(options =>
        {
            var resource = ResourceBuilder.CreateDefault();
            Describe(resource, _source);
            options.SetResourceBuilder(resource);
            options.IncludeFormattedMessage = true;
            options.AddOtlpExporter();
        }));

        // The exporter is made with the first logger, and not before.
        _logger = _loggers.CreateLogger("conntrack");
    }

    private void BuildMeters(bool send)
    {
        _process?.Dispose();
        _process = new ProcessMetrics(_source.Component, _source.Version, _started);
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r => Describe(r, _source))
            .AddMeter([.. _source.Meters, RuntimeTelemetry.Name, ProcessMetrics.MeterName])
            .AddView(instrument => View(instrument, Series(_source, instrument.Name)));
        if (_exporter is not null)
        {
            builder.AddReader(new BaseExportingMetricReader(_exporter));
        }

        if (send)
        {
            builder.AddOtlpExporter();
        }

        _meters = builder.Build();
    }

    private static MetricStreamConfiguration? View(Instrument instrument, int limit)
    {
        var kind = instrument.GetType();
        var histogram = kind.IsGenericType && kind.GetGenericTypeDefinition() == typeof(Histogram<>);
        return histogram
            ? new ExplicitBucketHistogramConfiguration { Boundaries = _seconds, CardinalityLimit = limit }
            : new MetricStreamConfiguration { CardinalityLimit = limit };
    }

    private static int Series(TelemetrySource source, string metric) =>
        source.Series.TryGetValue(metric, out var most) ? most : RuntimeTelemetry.Series.GetValueOrDefault(metric, 1);

    private static void Describe(ResourceBuilder resource, TelemetrySource source)
    {
        // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before.
        resource.Clear()
            .AddTelemetrySdk()
            .AddService(source.Component, "conntrack", source.Version, autoGenerateServiceInstanceId: false, source.Instance)
            .AddAttributes(source.Attributes)
            .AddEnvironmentVariableDetector();
    }
}
