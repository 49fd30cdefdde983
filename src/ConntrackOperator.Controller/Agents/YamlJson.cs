using System.Text.Json.Nodes;
using ConntrackOperator.Cluster.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Agents;

/// <summary>From YAML to the JSON that kubectl would send.</summary>
internal static class YamlJson
{
    private const string StringTag = "tag:yaml.org,2002:str";

    /// <summary>Plain scalars have the types that <see cref="YamlScalar"/> gives them: yes is true, and 0644 octal.</summary>
    /// <exception cref="YamlException">A key is not a scalar, or a merge key; or a number is not finite.</exception>
    public static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(Key(c.Key), Convert(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode scalar => Scalar(scalar),
        _ => null,
    };

    private static string Key(YamlNode key) =>
        key is YamlScalarNode { Value: { } name } scalar && !(name == "<<" && scalar.Style == ScalarStyle.Plain)
            ? name
            : throw new YamlException(key.Start, key.End, "a key must be a string");

    private static JsonValue? Scalar(YamlScalarNode scalar)
    {
        if (scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == StringTag))
        {
            return JsonValue.Create(scalar.Value ?? string.Empty);
        }

        try
        {
            return YamlScalar.Resolve(scalar.Value ?? string.Empty) switch
            {
                null => null,
                bool flag => JsonValue.Create(flag),
                long number => JsonValue.Create(number),
                double number => JsonValue.Create(number),
                var text => JsonValue.Create((string)text),
            };
        }
        catch (FormatException e)
        {
            throw new YamlException(scalar.Start, scalar.End, e.Message);
        }
    }
}
