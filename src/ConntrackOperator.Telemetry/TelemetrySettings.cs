namespace ConntrackOperator.Telemetry;

/// <summary>Which signals go where, by OpenTelemetry's standard environment variables. How they are sent the SDK's exporter
/// reads from the same variables itself.</summary>
public sealed record TelemetrySettings
{
    /// <summary>Whether metrics are sent by OTLP.</summary>
    public bool Metrics { get; init; }

    /// <summary>Whether traces are sent by OTLP.</summary>
    public bool Traces { get; init; }

    /// <summary>Whether logs are sent by OTLP as well as written to standard output.</summary>
    public bool Logs { get; init; }

    /// <summary>What in the environment is not valid, for the log; the signal concerned is off.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>
    /// Reads OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_{METRICS,TRACES,LOGS}_ENDPOINT and
    /// OTEL_{METRICS,TRACES,LOGS}_EXPORTER (otlp or none). A signal without an endpoint is off.
    /// </summary>
    /// <param name="environment">Looks a variable up.</param>
    public static TelemetrySettings Read(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (string.Equals(environment("OTEL_SDK_DISABLED")?.Trim(), "true", StringComparison.OrdinalIgnoreCase))
        {
            return new TelemetrySettings();
        }

        var problems = new List<string>();
        var settings = new TelemetrySettings
        {
            Metrics = IsOn("METRICS", environment, problems),
            Traces = IsOn("TRACES", environment, problems),
            Logs = IsOn("LOGS", environment, problems),
        };
        return settings with { Problems = [.. problems.Distinct()] };
    }

    private static bool IsOn(string signal, Func<string, string?> environment, List<string> problems)
    {
        var (exporter, variable) = (environment($"OTEL_{signal}_EXPORTER")?.Trim(), $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        if (exporter is "none")
        {
            return false;
        }

        if (exporter is not (null or "" or "otlp"))
        {
            problems.Add($"OTEL_{signal}_EXPORTER: '{exporter}' must be otlp or none; {Lower(signal)} are not sent");
            return false;
        }

        var endpoint = environment(variable);
        if (string.IsNullOrWhiteSpace(endpoint))
        {
            variable = "OTEL_EXPORTER_OTLP_ENDPOINT";
            endpoint = environment(variable);
        }

        if (string.IsNullOrWhiteSpace(endpoint))
        {
            return false;
        }

        if (!Uri.TryCreate(endpoint.Trim(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            problems.Add($"{variable}: '{endpoint}' must be a URL such as http://collector:4317; {Lower(signal)} are not sent");
            return false;
        }

        var protocol = environment($"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") is { Length: > 0 } own
            ? own : environment("OTEL_EXPORTER_OTLP_PROTOCOL");
        if (protocol?.Trim() is not (null or "" or "grpc" or "http/protobuf"))
        {
            problems.Add($"OTEL_EXPORTER_OTLP_PROTOCOL: '{protocol}' must be grpc or http/protobuf; {Lower(signal)} are not sent");
            return false;
        }

        return true;
    }

    private static string Lower(string signal) => signal switch
    {
        "METRICS" => "metrics",
        "TRACES" => "traces",
        _ => "logs",
    };
}
