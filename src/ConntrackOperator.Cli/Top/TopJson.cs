using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cli.Top;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(TopReport))]
[JsonSerializable(typeof(AdviceReport))]
internal sealed partial class TopJson : JsonSerializerContext;
