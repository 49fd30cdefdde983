using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cli.Cluster;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(NodeObject))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(PodObject))]
[JsonSerializable(typeof(ServiceObject))]
internal sealed partial class ClusterJson : JsonSerializerContext;
