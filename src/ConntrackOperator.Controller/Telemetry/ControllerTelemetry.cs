using ConntrackOperator.Telemetry;

namespace ConntrackOperator.Controller.Telemetry;

/// <summary>Who the controller is to whoever collects telemetry.</summary>
internal static class ControllerTelemetry
{
    public static TelemetrySource Source(ControllerOptions options, string version) => new()
    {
        Component = "conntrack-controller",
        Version = version,
        Instance = options.Identity,
        Attributes = [new("k8s.namespace.name", options.Namespace)],
        Meters = [ControllerMetrics.MeterName],
        Spans = [],
    };
}
