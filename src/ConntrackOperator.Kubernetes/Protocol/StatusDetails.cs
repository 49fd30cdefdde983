namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>The details of a <see cref="Status"/>.</summary>
public sealed record StatusDetails
{
    /// <summary>The object's name.</summary>
    public string? Name { get; init; }

    /// <summary>The object's resource or kind.</summary>
    public string? Kind { get; init; }

    /// <summary>What was wrong, field by field.</summary>
    public List<StatusCause>? Causes { get; init; }

    /// <summary>After how many seconds to ask again.</summary>
    public int? RetryAfterSeconds { get; init; }
}
