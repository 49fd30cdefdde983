using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Rollouts;

/// <summary>
/// The marks of a ConntrackNode, by policy, in its annotation: written together with the plan, so that neither is ever there without the
/// other.
/// </summary>
internal static class RolloutCheckpoints
{
    private static readonly Dictionary<string, RolloutCheckpoint> _none = [];

    /// <summary>The marks. What somebody else made of the annotation and can't be read counts as none.</summary>
    public static IReadOnlyDictionary<string, RolloutCheckpoint> Of(ConntrackNode? node)
    {
        if (node?.Metadata?.Annotations?.GetValueOrDefault(ApiGroup.RolloutAnnotation) is not { } text)
        {
            return _none;
        }

        try
        {
            return JsonSerializer.Deserialize(text, RolloutJson.Default.DictionaryStringRolloutCheckpoint) ?? _none;
        }
        catch (JsonException)
        {
            return _none;
        }
    }

    /// <summary>The annotations of an object with these marks; null without any.</summary>
    public static Dictionary<string, string>? Annotations(IReadOnlyDictionary<string, RolloutCheckpoint> marks) =>
        marks.Count == 0 ? null : new()
        {
            [ApiGroup.RolloutAnnotation] = JsonSerializer.Serialize(
            marks.OrderBy(m => m.Key, StringComparer.Ordinal).ToDictionary(m => m.Key, m => m.Value),
            RolloutJson.Default.DictionaryStringRolloutCheckpoint),
        };
}

/// <summary>The JSON of the annotation.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(Dictionary<string, RolloutCheckpoint>))]
internal sealed partial class RolloutJson : JsonSerializerContext;
