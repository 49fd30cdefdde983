using System.Text.Json.Serialization;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>How often an event has happened by now.</summary>
internal sealed record EventSeries
{
    public int? Count { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? LastObservedTime { get; init; }
}
