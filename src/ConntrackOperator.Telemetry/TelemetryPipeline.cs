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

    private readonly TelemetrySettings _settings;
    private readonly TelemetrySource _source;
    private readonly Lock _lock = new();
    private readonly DateTimeOffset _started = TimeProvider.System.GetUtcNow();
    private readonly PrometheusExporter? _exporter;
    private readonly TracerProvider? _tracers;
    private readonly ILoggerFactory? _loggers;
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
        (_settings, _source) = (settings, source);
        _exporter = scraping != Scraping.Off ? new PrometheusExporter() : null;
        if (settings.Metrics || scraping == Scraping.On)
        {
            BuildMeters();
        }

        if (settings.Traces)
        {
            _tracers = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(r => Describe(r, source))
                // The calls to the API server, as children of the work that they are made for; without such work they are not traced.
                .AddSource([.. source.Spans, RuntimeTelemetry.Name, "System.Net.Http"])
                .AddOtlpExporter()
                .Build();
        }

        if (settings.Logs)
        {
            _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(Microsoft.Extensions.Logging.LogLevel.Debug).AddOpenTelemetry(options =>
            {
                var resource = ResourceBuilder.CreateDefault();
                Describe(resource, source);
                options.SetResourceBuilder(resource);
                options.IncludeFormattedMessage = true;
                options.AddOtlpExporter();
            }));
        }
    }

    /// <summary>The metrics as of now in Prometheus' text format; null: they are not served.</summary>
    public Func<ReadOnlyMemory<byte>>? Scrape => _exporter is null ? null : ScrapeNow;

    /// <summary>A log that writes what <paramref name="inner"/> writes and sends it by OTLP as well, if logs are sent.</summary>
    /// <param name="inner">The log of standard output.</param>
    /// <param name="level">What matters less is not sent.</param>
    public IRuntimeLog Tee(IRuntimeLog inner, Kubernetes.Logging.LogLevel level) =>
        _loggers is { } loggers ? new SentLog(inner, loggers.CreateLogger("conntrack"), level) : inner;

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
                BuildMeters();
            }
        }

        return _exporter!.Scrape();
    }

    private void BuildMeters()
    {
        _process = new ProcessMetrics(_source.Component, _source.Version, _started);
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r => Describe(r, _source))
            .AddMeter([.. _source.Meters, RuntimeTelemetry.Name, ProcessMetrics.MeterName])
            .AddView(instrument => View(instrument, Series(_source, instrument.Name)));
        if (_exporter is not null)
        {
            builder.AddReader(new BaseExportingMetricReader(_exporter));
        }

        if (_settings.Metrics)
        {
            builder.AddOtlpExporter();
        }

        _meters = builder.Build();
    }

    private static MetricStreamConfiguration? View(Instrument instrument, int limit)
    {
        var kind = instrument.GetType();
        var histogram = kind.IsGenericType && kind.GetGenericTypeDefinition() == typeof(Histogram<>);
        return histogram ? new ExplicitBucketHistogramConfiguration { Boundaries = _seconds, CardinalityLimit = limit } : new MetricStreamConfiguration { CardinalityLimit = limit };
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
