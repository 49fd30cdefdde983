using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>
/// Says how connection tracking is to be set on the nodes it selects. Where several policies select a node, each field is taken from the
/// one with the highest priority that sets it.
/// </summary>
[CustomResource(KindName, PluralName, "ctp")]
[PrinterColumn("Nodes", "integer", ".status.nodes.selected", Description = "Nodes that the policy selects.")]
[PrinterColumn("Ready", "integer", ".status.nodes.ready", Description = "Nodes whose kernel holds what the policy asks.")]
[PrinterColumn(
    "Failed", "integer", ".status.nodes.failed", Description = "Nodes where something could not be set; status.failures says why.")]
[PrinterColumn("Hottest", "string", ".status.hottest", Description = "The node whose table is fullest.")]
[PrinterColumn(
    "Drops/min", "integer", ".status.usage.tableFullDropsPerMinute",
    Description = "Packets dropped a minute because a table was full, all nodes together.")]
[PrinterColumn("Status", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "The reason of the condition Ready.")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Priority", "integer", ".spec.priority", Wide = true, Description = "The higher wins, field by field.")]
[PrinterColumn("Mode", "string", ".spec.mode", Wide = true, Description = "Enforce or Observe.")]
[PrinterColumn("Waiting", "integer", ".status.nodes.waiting", Wide = true, Description = "Nodes that the rollout holds back.")]
[PrinterColumn(
    "Races/min", "integer", ".status.usage.racesLostPerMinute", Wide = true,
    Description = "Packets lost a minute in races at insertion, all nodes together.")]
[PrinterColumn("Entries", "integer", ".status.usage.entries", Wide = true, Description = "Entries in all tables together.")]
[PrinterColumn(
    "Limit", "string", ".status.usage.limitText", Wide = true,
    Description = "What all tables with a limit can hold together, and how many have none.")]
[PrinterColumn("Advice", "string", ".status.advice", Wide = true, Description = "What to change, and for how many nodes.")]
public sealed record ConntrackPolicy : IKubernetesObject
{
    /// <summary>The kind's name.</summary>
    public const string KindName = "ConntrackPolicy";

    /// <summary>The kind's plural.</summary>
    public const string PluralName = "conntrackpolicies";

    /// <inheritdoc />
    public string? ApiVersion { get; init; }

    /// <inheritdoc />
    public string? Kind { get; init; }

    /// <inheritdoc />
    public ObjectMeta? Metadata { get; init; }

    /// <summary>What is wanted, and on which nodes.</summary>
    [Required]
    public PolicySpec? Spec { get; init; }

    /// <summary>How every selected node is doing. Written by the controller.</summary>
    public PolicyStatus? Status { get; init; }
}
