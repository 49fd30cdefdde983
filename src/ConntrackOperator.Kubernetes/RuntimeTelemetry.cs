using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ConntrackOperator.Kubernetes;

/// <summary>What the runtime counts and traces. It costs next to nothing until somebody listens.</summary>
public static class RuntimeTelemetry
{
    /// <summary>The name under which a listener finds the meter and the spans.</summary>
    public const string Name = "ConntrackOperator.Kubernetes";

    private static readonly Meter _meter = new(Name);

    private static readonly Counter<long> _requests =
        _meter.CreateCounter<long>(
            "rest_client_requests_total", null,
            "Requests to the API server by method and status code; code is <error> when there was no answer.");

    private static readonly Counter<long> _reconnects =
        _meter.CreateCounter<long>("conntrack_watch_reconnects_total", null, "Watches that were established again, by resource.");

    private static readonly Counter<long> _lostEvents =
        _meter.CreateCounter<long>(
            "conntrack_events_lost_total", null, "Events that were not written: the queue was full, or the API server refused them.");

    /// <summary>The most series that each metric with labels needs: methods times status codes, kinds that are watched.</summary>
    public static IReadOnlyDictionary<string, int> Series { get; } = new Dictionary<string, int>
    {
        ["rest_client_requests_total"] = 64,
        ["conntrack_watch_reconnects_total"] = 8,
    };

    /// <summary>Spans: one for each pass of a reconciler.</summary>
    public static ActivitySource Source { get; } = new(Name);

    internal static void Requested(HttpMethod method, int? code) =>
        _requests.Add(
            1, new KeyValuePair<string, object?>("method", method.Method),
            new KeyValuePair<string, object?>("code", code is { } answer ? Code(answer) : "<error>"));

    /// <summary>Counts events that were not written; 0 makes the metric appear.</summary>
    internal static void EventsLost(int events) => _lostEvents.Add(events);

    internal static void Reconnected(string resource) => _reconnects.Add(1, new KeyValuePair<string, object?>("resource", resource));

    // The usual ones without a new string each time.
    private static string Code(int code) => code switch
    {
        200 => "200",
        201 => "201",
        404 => "404",
        409 => "409",
        _ => code.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
