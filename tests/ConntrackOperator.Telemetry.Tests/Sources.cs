namespace ConntrackOperator.Telemetry.Tests;

internal static class Sources
{
    public static TelemetrySource Of(string meter, int limit = 100) => new()
    {
        Component = "conntrack-test",
        Version = "1.2.3",
        Instance = "node-7",
        Meters = [meter],
        Spans = [],
        SeriesLimit = limit,
    };
}
