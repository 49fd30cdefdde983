using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster;

/// <summary>The JSON of the built-in kinds that the controller and the command line read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(NodeObject))]
[JsonSerializable(typeof(DaemonSetObject))]
[JsonSerializable(typeof(PodObject))]
[JsonSerializable(typeof(ServiceObject))]
[JsonSerializable(typeof(JsonObject))]
public sealed partial class ClusterJson : JsonSerializerContext;
