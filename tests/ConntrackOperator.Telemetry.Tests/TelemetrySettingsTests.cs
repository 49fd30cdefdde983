using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Telemetry.Tests;

public sealed class TelemetrySettingsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", "metrics traces logs")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=https://c:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "metrics traces logs")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_SDK_DISABLED=TRUE", "")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_TRACES_EXPORTER=none OTEL_LOGS_EXPORTER=otlp", "metrics logs")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:4317", "traces")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://c:4317 OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://d:4317", "metrics logs")]
    public void Signal_with_an_endpoint_is_sent(string environment, string sent)
    {
        var settings = Read(environment);
        Assert.Equal(sent, Sent(settings));
        Assert.Empty(settings.Problems);
    }

    [Theory]
    [InlineData(
        "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317", "",
        "OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' must be a URL such as http://collector:4317")]
    [InlineData(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=ftp://x", "metrics traces",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'ftp://x' must be a URL")]
    [InlineData(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_METRICS_EXPORTER=prometheus", "traces logs",
        "OTEL_METRICS_EXPORTER: 'prometheus' must be otlp or none")]
    [InlineData(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "",
        "OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' must be grpc or http/protobuf")]
    public void What_is_not_valid_is_said_and_its_signal_is_off(string environment, string sent, string problem)
    {
        var settings = Read(environment);
        Assert.Equal(sent, Sent(settings));
        Assert.Contains(settings.Problems, p => p.StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_built_that_nobody_asked_for()
    {
        using var pipeline = new TelemetryPipeline(new TelemetrySettings(), Sources.Of("nobody"), Scraping.Off);
        Assert.Null(pipeline.Scrape);
        Assert.Same(NullLogger.Instance, pipeline.Tee(NullLogger.Instance));
    }

    private static TelemetrySettings Read(string environment)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ToDictionary(v => v[..v.IndexOf('=', StringComparison.Ordinal)], v => v[(v.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        return TelemetrySettings.Read(name => variables.GetValueOrDefault(name));
    }

    private static string Sent(TelemetrySettings settings) =>
        string.Join(
            ' ',
            new[]
            {
                settings.Metrics ? "metrics" : null,
                settings.Traces ? "traces" : null,
                settings.Logs ? "logs" : null,
            }.OfType<string>());
}
