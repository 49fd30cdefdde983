using System.Globalization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>What is read of a core/v1 Node.</summary>
internal sealed record NodeObject
{
    public ObjectMeta? Metadata { get; init; }

    public NodeObjectStatus? Status { get; init; }

    public string Name => Metadata?.Name ?? string.Empty;

    /// <summary>What planning needs: what the agent found on the machine, or else what kubelet says.</summary>
    public NodeFacts Facts(ConntrackNode? reported)
    {
        var capacity = Status?.Capacity;
        return new NodeFacts(
            Name,
            Metadata?.Labels ?? [],
            Positive(reported?.Status?.Node?.Cores) ?? Cores(capacity?.GetValueOrDefault("cpu")),
            Positive(reported?.Status?.Node?.MemoryBytes) ?? Bytes(capacity?.GetValueOrDefault("memory")));
    }

    private static int? Positive(int? value) => value > 0 ? value : null;

    private static long? Positive(long? value) => value > 0 ? value : null;

    private static int Cores(string? quantity)
    {
        if (quantity is null)
        {
            return 0;
        }

        var milli = quantity.EndsWith('m');
        return int.TryParse(milli ? quantity[..^1] : quantity, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? milli ? number / 1000 : number
            : 0;
    }

    private static long Bytes(string? quantity) => quantity is not null && new Quantity(quantity).TryGetBytes(out var bytes) ? bytes : 0;
}

/// <summary>What is read of a Node's status.</summary>
internal sealed record NodeObjectStatus
{
    public Dictionary<string, string>? Capacity { get; init; }
}
