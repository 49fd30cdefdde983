using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Which entries, on which nodes.</summary>
[Rule("!(has(self.nodeSelector) && has(self.nodeName))", RuleMessages.OneNodeChoice)]
[Rule("has(self.nodeSelector) || has(self.nodeName)", RuleMessages.NodesNeeded)]
public sealed record FlushSpec
{
    /// <summary>The longest ttlSecondsAfterFinished: a year.</summary>
    public const int MaximumTtlSeconds = 31536000;

    /// <summary>
    /// The nodes, by their labels; empty: every Linux node. Only nodes with an agent, which are those that a policy selects, can do it.
    /// </summary>
    public LabelSelector? NodeSelector { get; init; }

    /// <summary>One node, by its name.</summary>
    [MaxLength(253)]
    [Rule("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')", RuleMessages.ObjectName)]
    public string? NodeName { get; init; }

    /// <summary>Which entries.</summary>
    [Required]
    public FlushMatch? Match { get; init; }

    /// <summary>Count what matches and delete nothing.</summary>
    [Default("false")]
    public bool? DryRun { get; init; }

    /// <summary>How long the object stays after it has finished, in seconds; left out: until somebody deletes it.</summary>
    [Range(0, MaximumTtlSeconds)]
    public int? TtlSecondsAfterFinished { get; init; }
}
