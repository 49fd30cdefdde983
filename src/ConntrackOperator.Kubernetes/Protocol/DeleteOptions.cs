namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>The body of a DELETE (meta/v1 DeleteOptions).</summary>
internal sealed record DeleteOptions
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "DeleteOptions";

    public string? PropagationPolicy { get; init; }

    public Preconditions? Preconditions { get; init; }
}
