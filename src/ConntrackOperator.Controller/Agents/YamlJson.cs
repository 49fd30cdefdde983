using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Agents;

/// <summary>From YAML to the JSON that kubectl would send.</summary>
internal static class YamlJson
{
    private const string StringTag = "tag:yaml.org,2002:str";

    /// <summary>Plain true, false, null and numbers are not strings; 0644 is octal, as in every Kubernetes manifest with a file mode.</summary>
    /// <exception cref="YamlException">A key is not a scalar, or a merge key.</exception>
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

        return scalar.Value switch
        {
            null or "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            var text when Integer(text) is { } number => JsonValue.Create(number),
            var text when char.IsAsciiDigit(text[^1])
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
            var text => JsonValue.Create(text),
        };
    }

    private static long? Integer(string text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hexadecimal) ? hexadecimal : null;
        }

        var octal = text.StartsWith("0o", StringComparison.Ordinal) ? text[2..] : text.Length > 1 && text[0] == '0' ? text[1..] : null;
        if (octal is { Length: > 0 and <= 20 } && octal.All(c => c is >= '0' and <= '7'))
        {
            return octal.Aggregate(0L, (value, digit) => (value * 8) + (digit - '0'));
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
