using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>
/// Deletes selected entries of the connection-tracking table on selected nodes, once on each, and says how many went. One-shot, like a Job.
/// </summary>
[CustomResource(KindName, PluralName, "ctf")]
[PrinterColumn("Phase", "string", ".status.phase", Description = "Pending, Running, Succeeded or Failed.")]
[PrinterColumn("Nodes", "integer", ".status.nodes.selected", Description = "Nodes that it is for.")]
[PrinterColumn("Done", "integer", ".status.nodes.done", Description = "Nodes that have done it.")]
[PrinterColumn("Failed", "integer", ".status.nodes.failed", Description = "Nodes where it failed.")]
[PrinterColumn("Matched", "integer", ".status.matched", Description = "Entries that matched.")]
[PrinterColumn("Deleted", "integer", ".status.deleted", Description = "Entries that were deleted.")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
[PrinterColumn("Dry-Run", "boolean", ".spec.dryRun", Wide = true, Description = "Whether entries are only counted.")]
public sealed record ConntrackFlush : IKubernetesObject
{
    /// <summary>The kind's name.</summary>
    public const string KindName = "ConntrackFlush";

    /// <summary>The kind's plural.</summary>
    public const string PluralName = "conntrackflushes";

    /// <inheritdoc />
    public string? ApiVersion { get; init; }

    /// <inheritdoc />
    public string? Kind { get; init; }

    /// <inheritdoc />
    public ObjectMeta? Metadata { get; init; }

    /// <summary>Which entries, on which nodes. Can't be changed: make another one.</summary>
    [Required]
    [Rule("self == oldSelf", RuleMessages.FlushUnchangeable)]
    public FlushSpec? Spec { get; init; }

    /// <summary>How far it is. Written by the controller.</summary>
    public FlushStatus? Status { get; init; }
}
