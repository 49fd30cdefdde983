using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cli.Top;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(TopReport))]
[JsonSerializable(typeof(NodeAdviceLines))]
[JsonSerializable(typeof(AdviceOutput))]
internal sealed partial class TopJson : JsonSerializerContext;
