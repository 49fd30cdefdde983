using ConntrackOperator.Kubernetes.LeaderElection;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Configuration;

/// <summary>What the controller is told at its start.</summary>
internal sealed record ControllerOptions
{
    /// <summary>Who owns what the controller writes by server-side apply.</summary>
    public const string FieldManager = "conntrack-controller";

    /// <summary>The namespace of the lease and of the agents' DaemonSet.</summary>
    public string Namespace { get; init; } = "conntrack-system";

    /// <summary>The lease's name.</summary>
    public string LeaseName { get; init; } = "conntrack-controller";

    /// <summary>The times of the lease.</summary>
    public LeaderElectionOptions Lease { get; init; } = new();

    /// <summary>Who this replica is: the pod's name.</summary>
    public string Identity { get; init; } = Environment.MachineName;

    /// <summary>
    /// The controller's own Deployment, which becomes the owner of the lease and of the agents' DaemonSet; null: they have none.
    /// </summary>
    public string? Deployment { get; init; }

    /// <summary>The agents' DaemonSet as a YAML file; null: somebody else runs the agents.</summary>
    public string? AgentTemplate { get; init; }

    /// <summary>How long a policy that is being deleted waits for its nodes.</summary>
    public TimeSpan RestoreTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The least time between two writes of one policy's status.</summary>
    public TimeSpan StatusGap { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same, when only usage differs.</summary>
    public TimeSpan UsageGap { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a flush waits for a node that is not ready.</summary>
    public TimeSpan FlushAwayTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a flush waits for a node at all.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often every node and policy comes up again without a change.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether events name the pods that have the most entries; takes the right to list pods.</summary>
    public bool PodNames { get; init; } = true;

    /// <summary>Whether entries are told by namespace, as a metric; takes the same right.</summary>
    public bool NamespaceMetric { get; init; }

    /// <summary>Nodes worked on at once.</summary>
    public int Workers { get; init; } = 8;

    /// <summary>Where /healthz, /readyz and /metrics are served, as address:port; null: nowhere.</summary>
    public string? Listen { get; init; }

    /// <summary>What matters less is not logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
