using ConntrackOperator.Agent.Options;
using ConntrackOperator.Engine;
using ConntrackOperator.Telemetry;

namespace ConntrackOperator.Agent.Telemetry;

/// <summary>Who the agent is to whoever collects telemetry.</summary>
internal static class AgentTelemetry
{
    /// <summary>A plan with every key that there is has about a hundred settings, each desired and actual.</summary>
    private static readonly Dictionary<string, int> _series = new()
    {
        ["conntrack_setting"] = 300,
        ["conntrack_setting_rewrites_total"] = 150,
        ["conntrack_entries_by_state"] = 64,
        ["conntrack_settings"] = 8,
        ["conntrack_nat_ports_used_ratio"] = 5,
        ["conntrack_reports_total"] = 2,
        ["conntrack_scan_duration_seconds"] = 2,
    };

    public static TelemetrySource Source(AgentOptions options) => new()
    {
        Component = "conntrack-agent",
        Version = EngineVersion.Text,
        Instance = options.NodeName,
        Attributes = [new("k8s.node.name", options.NodeName)],
        Meters = [AgentMetrics.MeterName],
        Spans = [AgentMetrics.MeterName],
        Series = _series,
    };
}
