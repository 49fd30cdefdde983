using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// One node's connection tracking: the settings planned for it, and what its kernel says. Made and kept by conntrack-operator; named as the
/// node.
/// </summary>
[CustomResource(KindName, PluralName, "ctn")]
[PrinterColumn("Entries", "integer", ".status.table.entries", Description = "Entries in the table.")]
[PrinterColumn("Limit", "string", ".status.table.limitText", Description = "What the table can hold, or none: the kernel has no limit.")]
[PrinterColumn("Used%", "integer", ".status.table.percent", Description = "How full it is.")]
[PrinterColumn(
    "Drops/min", "integer", ".status.rates.tableFullDropsPerMinute", Description = "Packets dropped a minute because the table was full.")]
[PrinterColumn(
    "Applied", "string", ".status.conditions[?(@.type==\"Applied\")].reason", Description = "Whether the kernel holds what is planned.")]
[PrinterColumn("Pressure", "string", ".status.conditions[?(@.type==\"Pressure\")].reason", Description = "Normal, Warning or Critical.")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn(
    "Races/min", "integer", ".status.rates.racesLostPerMinute", Wide = true,
    Description = "Packets lost a minute in races at insertion, which no size of the table helps.")]
[PrinterColumn(
    "Headroom%", "integer", ".status.table.headroomPercent", Wide = true,
    Description = "The probability that a new connection finds room, in percent.")]
[PrinterColumn(
    "Full-In", "string", ".status.table.fullIn", Wide = true, Description = "When the table is full if it goes on as in the last hour.")]
[PrinterColumn(
    "NAT-Ports%", "integer", ".status.nat[0].percent", Wide = true,
    Description = "Ports in use of the translated address that has the fewest left for one destination.")]
[PrinterColumn("Buckets", "integer", ".status.table.buckets", Wide = true, Description = "Buckets of the hash table.")]
[PrinterColumn("Memory", "string", ".status.table.memory", Wide = true, Description = "What the full table would take.")]
[PrinterColumn("Top-Source", "string", ".status.top.sources[0].address", Wide = true, Description = "The address with the most entries.")]
[PrinterColumn(
    "Shares", "string", ".status.composition.basis", Wide = true,
    Description = "Exact: who has the most entries was counted. Estimated: it is from a sample.")]
[PrinterColumn("Kernel", "string", ".status.node.kernel", Wide = true, Description = "The kernel's release.")]
[PrinterColumn("Advice", "string", ".status.advice", Wide = true, Description = "What to change.")]
public sealed record ConntrackNode : IKubernetesObject
{
    /// <summary>The kind's name.</summary>
    public const string KindName = "ConntrackNode";

    /// <summary>The kind's plural.</summary>
    public const string PluralName = "conntracknodes";

    /// <inheritdoc />
    public string? ApiVersion { get; init; }

    /// <inheritdoc />
    public string? Kind { get; init; }

    /// <inheritdoc />
    public ObjectMeta? Metadata { get; init; }

    /// <summary>The plan. Written by the controller alone.</summary>
    [Required, Atomic]
    public NodeSpec? Spec { get; init; }

    /// <summary>What the node's kernel says. Written by the node's agent alone, and whole each time.</summary>
    [Atomic]
    public NodeStatus? Status { get; init; }
}
