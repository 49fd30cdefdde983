using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>Everything that rules look at: a cluster, or one machine as a cluster of one node. Nothing in it is read again later.</summary>
internal sealed record DoctorFacts
{
    /// <summary>When it was read.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Whether this is one machine, looked at from itself.</summary>
    public bool OneMachine { get; init; }

    /// <summary>This program's version.</summary>
    public string ProgramVersion { get; init; } = string.Empty;

    /// <summary>The nodes that run Linux.</summary>
    public IReadOnlyList<NodeView> Nodes { get; init; } = [];

    /// <summary>Every kube-proxy that was found; none: something else does its work.</summary>
    public IReadOnlyList<ProxyFacts> Proxies { get; init; } = [];

    /// <summary>What else writes sysctls of connection tracking.</summary>
    public IReadOnlyList<SysctlWriter> Writers { get; init; } = [];

    /// <summary>The network plug-ins that were recognized.</summary>
    public IReadOnlyList<NetworkPlugin> Plugins { get; init; } = [];

    /// <summary>This operator; null where there is none, as on one machine.</summary>
    public OperatorFacts? Operator { get; init; }

    public IReadOnlyList<ConntrackPolicy> Policies { get; init; } = [];

    /// <summary>What could not be read, and is therefore not judged.</summary>
    public IReadOnlyList<Unread> Unread { get; init; } = [];
}
