namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>What must hold for a deletion to be carried out; otherwise the answer is 409.</summary>
internal sealed record Preconditions
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}
