using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Meta;

/// <summary>One observed condition, as <c>metav1.Condition</c>.</summary>
public sealed record Condition
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaximumReason = 128;

    /// <summary>The longest message, in characters.</summary>
    public const int MaximumMessage = 4096;

    /// <summary>What is told, such as Ready.</summary>
    [Required, MaxLength(316)]
    public string? Type { get; init; }

    /// <summary>True, False or Unknown.</summary>
    [Required, AllowedValues("True", "False", "Unknown")]
    public string? Status { get; init; }

    /// <summary>One word in CamelCase, for programs.</summary>
    [Required, MaxLength(MaximumReason)]
    public string? Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    [Required, MaxLength(MaximumMessage)]
    public string? Message { get; init; }

    /// <summary>The generation that the condition was computed from.</summary>
    [Range(0, 1L << 48)]
    public long? ObservedGeneration { get; init; }

    /// <summary>When the status last went from one value to another.</summary>
    [Required]
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary>The condition of a type.</summary>
    /// <param name="conditions">Where to look; null: there are none.</param>
    /// <param name="type">Such as Ready.</param>
    /// <returns>Null when there is none.</returns>
    public static Condition? Find(IReadOnlyList<Condition>? conditions, string type) => conditions?.FirstOrDefault(c => c.Type == type);
}
