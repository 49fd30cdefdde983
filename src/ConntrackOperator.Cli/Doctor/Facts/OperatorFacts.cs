namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>This operator in the cluster.</summary>
internal sealed record OperatorFacts
{
    /// <summary>Whether its CustomResourceDefinitions are there.</summary>
    public bool CrdsThere { get; init; }

    /// <summary>
    /// Fields of this program's CustomResourceDefinitions that those of the cluster lack, as <c>conntrackpolicies: spec.rollout</c>.
    /// </summary>
    public IReadOnlyList<string> MissingFields { get; init; } = [];

    /// <summary>The Deployment of the controller, as namespace/name; null: there is none, or it could not be looked for.</summary>
    public string? Controller { get; init; }

    /// <summary>Whether Deployments could be looked for.</summary>
    public bool ControllerSought { get; init; }

    public int ControllersReady { get; init; }

    public string ControllerVersion { get; init; } = string.Empty;

    /// <summary>Who leads, by the lease; empty: nobody. Null: the lease could not be read.</summary>
    public string? Leader { get; init; }

    /// <summary>When the lease was renewed last.</summary>
    public DateTimeOffset? LeaseRenewed { get; init; }

    /// <summary>How long a lease holds, in seconds.</summary>
    public int LeaseSeconds { get; init; } = 15;

    /// <summary>The DaemonSet of the agents, as namespace/name; null: there is none, or it could not be looked for.</summary>
    public string? Agents { get; init; }

    public int AgentsWanted { get; init; }

    public int AgentsReady { get; init; }

    public string AgentVersion { get; init; } = string.Empty;

    /// <summary>Whether an admission policy that is bound limits what agents write; null: could not be read.</summary>
    public bool? AgentsLimited { get; init; }

    /// <summary>Webhooks that decide over this operator's objects and refuse them when they are away.</summary>
    public IReadOnlyList<string> Webhooks { get; init; } = [];

    /// <summary>Whether there is anything of it.</summary>
    public bool Installed => CrdsThere || Controller is not null;
}
