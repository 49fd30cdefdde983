using ConntrackOperator.Engine;
using ConntrackOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Options;

/// <summary>What the agent is told at its start.</summary>
internal sealed record AgentOptions
{
    /// <summary>The node's name, which is its ConntrackNode's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where the API server is; null: as a pod's service account says.</summary>
    public ServerConnection? Server { get; init; }

    /// <summary>Where the machine is.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>Where /healthz, /readyz and /metrics are served, as address:port; null: nowhere.</summary>
    public string? Listen { get; init; }

    /// <summary>How often the kernel is compared with the plan.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The shortest time between heartbeats.</summary>
    public TimeSpan HeartbeatMin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest time between heartbeats.</summary>
    public TimeSpan HeartbeatMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time between reports of usage alone.</summary>
    public TimeSpan UsageReportGap { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest random wait before the API server is asked first, so that a fleet does not ask at once.</summary>
    public TimeSpan StartJitter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What matters less is not logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
