using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>The JSON of the built-in kinds that the controller reads.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(NodeObject))]
[JsonSerializable(typeof(DaemonSetObject))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ClusterJson : JsonSerializerContext;
