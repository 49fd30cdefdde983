using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>What is wanted, and on which nodes. A field left out is not touched.</summary>
public sealed record PolicySpec
{
    /// <summary>The lowest priority.</summary>
    public const int MinimumPriority = -1000;

    /// <summary>The highest priority.</summary>
    public const int MaximumPriority = 1000;

    /// <summary>How many keys sysctls may have.</summary>
    public const int MaximumSysctls = 32;

    /// <summary>The longest name of a key of sysctls, in characters, without net.netfilter. before it.</summary>
    public const int MaximumSysctlName = 63;

    /// <summary>The longest value of a key of sysctls, in characters.</summary>
    public const int MaximumSysctlDigits = 10;

    /// <summary>The greatest value of a key of sysctls: the kernel's are 32 bits wide.</summary>
    public const long MaximumSysctlValue = uint.MaxValue;

    /// <summary>The nodes that the policy is for; left out or empty: every Linux node.</summary>
    public LabelSelector? NodeSelector { get; init; }

    /// <summary>
    /// Which policy wins where two set the same field of a node: the higher, field by field. Between equals the older wins and both report
    /// a conflict.
    /// </summary>
    [Range(MinimumPriority, MaximumPriority), Default("0")]
    public int? Priority { get; init; }

    /// <summary>Enforce sets the nodes and keeps them set; Observe reports the difference and writes nothing.</summary>
    [Default("\"Enforce\"")]
    public PolicyMode? Mode { get; init; }

    /// <summary>How many entries the connection-tracking table can hold.</summary>
    public TableSpec? Table { get; init; }

    /// <summary>How long an entry stays without a packet, by protocol and state.</summary>
    public TimeoutsSpec? Timeouts { get; init; }

    /// <summary>How TCP is tracked.</summary>
    public TcpSpec? Tcp { get; init; }

    /// <summary>What is recorded of each entry, and what is logged and checked.</summary>
    public TrackingSpec? Tracking { get; init; }

    /// <summary>Reassembly of fragmented IPv6 packets, which tracking needs whole.</summary>
    public Ipv6FragmentsSpec? Ipv6Fragments { get; init; }

    /// <summary>
    /// Any other key nf_conntrack_* or nf_flowtable_*, with or without net.netfilter. before it (which is one key), with its value as a
    /// number in quotes; refused for a key that has a field of its own or that is read-only.
    /// </summary>
    [MaxItems(MaximumSysctls), SysctlsWithoutField]
    [Rule("self.matches('^(0|[1-9][0-9]{0,9})$') && int(self) <= 4294967295", RuleMessages.SysctlValue, OnItems = true),
        MaxLength(MaximumSysctlDigits)]
    public Dictionary<string, string>? Sysctls { get; init; }

    /// <summary>From which usage of the table on a node reports pressure.</summary>
    public PressureSpec? Pressure { get; init; }

    /// <summary>
    /// How fast a change goes through the nodes; left out: all nodes at once. It is about what the policy sets on nodes that it selects,
    /// the first time included. Never held back: nodes that leave the policy or its deletion, pressure, flushes, and what writes nothing to
    /// a kernel.
    /// </summary>
    public RolloutSpec? Rollout { get; init; }

    /// <summary>
    /// What becomes of the settings when the policy is deleted or no longer sets them: Restore puts back what was there before, Keep leaves
    /// them.
    /// </summary>
    [Default("\"Restore\"")]
    public RemovalPolicy? OnDelete { get; init; }
}
