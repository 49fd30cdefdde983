namespace ConntrackOperator.Telemetry.Tests;

internal static class Sources
{
    /// <summary>The process' own meters go by name, so a pipeline hears those of every other one in the process.</summary>
    public const string OneAtATime = "pipelines of this process";

    public static TelemetrySource Of(string meter, params (string Metric, int Most)[] series) => new()
    {
        Component = "conntrack-test",
        Version = "1.2.3",
        Instance = "node-7",
        Meters = [meter],
        Spans = [],
        Series = series.ToDictionary(s => s.Metric, s => s.Most),
    };
}
