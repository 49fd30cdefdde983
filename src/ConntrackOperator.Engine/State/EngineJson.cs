using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Engine.State;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(OriginalsFile))]
[JsonSerializable(typeof(OriginalValue))]
[JsonSerializable(typeof(StateOwner))]
[JsonSerializable(typeof(ResizeFile))]
[JsonSerializable(typeof(CachedPlan))]
[JsonSerializable(typeof(List<FlushRecord>))]
[JsonSerializable(typeof(TimeoutFileContent))]
[JsonSerializable(typeof(FilterFileContent))]
internal sealed partial class EngineJson : JsonSerializerContext;
