using ConntrackOperator.Api.Meta;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>What is read of a core/v1 Node.</summary>
internal sealed record NodeObject
{
    public ObjectMeta? Metadata { get; init; }

    public NodeObjectStatus? Status { get; init; }

    public string Name => Metadata?.Name ?? string.Empty;

    /// <summary>What planning needs.</summary>
    public NodeFacts Facts() => NodeCapacity.Facts(Metadata?.Name, Metadata?.Labels, Status?.Capacity);
}

/// <summary>What is read of a Node's status.</summary>
internal sealed record NodeObjectStatus
{
    public Dictionary<string, string>? Capacity { get; init; }
}
