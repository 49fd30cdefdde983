namespace ConntrackOperator.Planning.Advice;

/// <summary>One piece of advice.</summary>
public sealed record AdviceItem
{
    /// <summary>What it is about.</summary>
    public required AdviceKind Kind { get; init; }

    /// <summary>How pressing it is.</summary>
    public required AdviceSeverity Severity { get; init; }

    /// <summary>One sentence with the figures, the field and the value.</summary>
    public required string Text { get; init; }

    /// <summary>The policy's field below spec, such as timeouts.tcp.established; null when no field helps.</summary>
    public string? Field { get; init; }

    /// <summary>The field's value as it is written in a policy, such as 2h or 1048576; null exactly when <see cref="Field"/> is.</summary>
    public string? Value { get; init; }

    /// <summary>About how many of the entries there are now would be gone with it; null when it frees none.</summary>
    public long? EntriesFreed { get; init; }
}
