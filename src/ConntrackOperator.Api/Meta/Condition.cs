using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>One observed condition, as <c>metav1.Condition</c>.</summary>
public sealed record Condition
{
    /// <summary>What is told, such as Ready.</summary>
    [Required, MaxLength(316)]
    public string? Type { get; init; }

    /// <summary>True, False or Unknown.</summary>
    [Required, AllowedValues("True", "False", "Unknown")]
    public string? Status { get; init; }

    /// <summary>One word in CamelCase, for programs.</summary>
    [Required, MaxLength(1024)]
    public string? Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    [Required, MaxLength(32768)]
    public string? Message { get; init; }

    /// <summary>The generation that the condition was computed from.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When the status last went from one value to another.</summary>
    [Required]
    public DateTimeOffset? LastTransitionTime { get; init; }
}
