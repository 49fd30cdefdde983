using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>
/// One node as far as it can be seen: what it is, what is planned for its kernel, and what its agent, or the machine itself, says.
/// </summary>
internal sealed record NodeView
{
    public required string Name { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The cloud by the node's providerID: aws, gce, azure, …; empty: none, or none that says so.</summary>
    public string Provider { get; init; } = string.Empty;

    /// <summary>The cloud's name for the kind of machine, such as m8i.large.</summary>
    public string InstanceType { get; init; } = string.Empty;

    /// <summary>The pool that it belongs to, by the labels of the clouds and of cluster API; empty: none.</summary>
    public string Pool { get; init; } = string.Empty;

    /// <summary>Cores; 0: unknown.</summary>
    public int Cores { get; init; }

    /// <summary>Memory in bytes; 0: unknown.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>The kernel's release.</summary>
    public string Kernel { get; init; } = string.Empty;

    /// <summary>The operating system, as the kubelet names it.</summary>
    public string OsImage { get; init; } = string.Empty;

    /// <summary>The version of Kubernetes there.</summary>
    public KubeVersion? Version { get; init; }

    /// <summary>False: the kubelet does not say that the node is ready. True also of a node that says nothing of it.</summary>
    public bool Ready { get; init; } = true;

    /// <summary>What the policies plan for it, by sysctl.</summary>
    public IReadOnlyDictionary<string, NodeSetting> Planned { get; init; } = new Dictionary<string, NodeSetting>();

    /// <summary>What its kernel holds, by sysctl, as far as known.</summary>
    public IReadOnlyDictionary<string, long> Actual { get; init; } = new Dictionary<string, long>();

    /// <summary>What the agent says of each setting.</summary>
    public IReadOnlyList<SettingStatus> Settings { get; init; } = [];

    /// <summary>Entries in the table; null: not known.</summary>
    public long? Entries { get; init; }

    /// <summary>Entries refused for long hash chains, a minute, or since boot on one machine.</summary>
    public long ChainTooLong { get; init; }

    public ModulePresence Module { get; init; }

    /// <summary>Whether a policy selects it, so that an agent should report.</summary>
    public bool Selected { get; init; }

    /// <summary>When its agent reported last; null: never, or there is none.</summary>
    public DateTimeOffset? ReportedAt { get; init; }

    /// <summary>The version of its agent; empty: unknown.</summary>
    public string AgentVersion { get; init; } = string.Empty;

    /// <summary>
    /// After how many idle seconds TCP asks whether the other end is there; null: not read, 7200 is the kernel's default.
    /// </summary>
    public long? KeepaliveSeconds { get; init; }

    /// <summary>What its kernel holds of a sysctl, or else is told to hold; null: neither is known.</summary>
    public long? Value(string sysctl) =>
        Actual.TryGetValue(sysctl, out var actual) ? actual : Wanted(sysctl)?.Value;

    /// <summary>The setting that is kept there; null: none, or it is only compared.</summary>
    public NodeSetting? Wanted(string sysctl) =>
        Planned.GetValueOrDefault(sysctl) is { Mode: PolicyMode.Enforce, Value: not null } setting ? setting : null;
}
