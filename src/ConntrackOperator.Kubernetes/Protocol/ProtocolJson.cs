using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>The JSON of what the runtime itself says to the API server.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(EventObject))]
internal sealed partial class ProtocolJson : JsonSerializerContext;
