using System.Text.Json.Serialization;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>Who holds a <see cref="Lease"/>, and for how long.</summary>
internal sealed record LeaseSpec
{
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}
