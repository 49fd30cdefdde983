namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>One thing that was wrong with a request.</summary>
public sealed record StatusCause
{
    /// <summary>For programs: <c>FieldValueInvalid</c>, <c>FieldManagerConflict</c>, <c>ResourceVersionTooLarge</c>, ...</summary>
    public string? Reason { get; init; }

    /// <summary>For people.</summary>
    public string? Message { get; init; }

    /// <summary>The field's path, such as <c>spec.table.size.entries</c>.</summary>
    public string? Field { get; init; }
}
