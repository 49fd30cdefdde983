using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Simulation;

/// <summary>What tests read of an event.</summary>
public sealed record EventLine : IKubernetesObject
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ObjectMeta? Metadata { get; init; }

    public string? Reason { get; init; }

    public string? Note { get; init; }

    public string? Type { get; init; }

    public EventRegarding? Regarding { get; init; }
}

/// <summary>What it is about.</summary>
public sealed record EventRegarding
{
    public string? Kind { get; init; }

    public string? Name { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(EventLine))]
internal sealed partial class SimulationJson : JsonSerializerContext;
