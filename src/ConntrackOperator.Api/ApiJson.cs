using System.Text.Json.Serialization;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Api;

/// <summary>The JSON of the custom resources, generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(ConntrackPolicy))]
[JsonSerializable(typeof(ConntrackNode))]
[JsonSerializable(typeof(ConntrackFlush))]
public sealed partial class ApiJson : JsonSerializerContext;
