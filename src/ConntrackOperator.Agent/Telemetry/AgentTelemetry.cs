using ConntrackOperator.Agent.Options;
using ConntrackOperator.Engine;
using ConntrackOperator.Telemetry;

namespace ConntrackOperator.Agent.Telemetry;

/// <summary>Who the agent is to whoever collects telemetry.</summary>
internal static class AgentTelemetry
{
    /// <summary>
    /// The most series of one metric on a node: conntrack_setting has two a setting, and a plan with every key of the catalogue
    /// has about a hundred.
    /// </summary>
    public const int SeriesLimit = 300;

    public static TelemetrySource Source(AgentOptions options) => new()
    {
        Component = "conntrack-agent",
        Version = EngineVersion.Text,
        Instance = options.NodeName,
        Attributes = [new("k8s.node.name", options.NodeName)],
        Meters = [AgentMetrics.MeterName],
        Spans = [AgentMetrics.MeterName],
        SeriesLimit = SeriesLimit,
    };
}
