using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>
/// Checks nodes against the CRD's own schema for what comes before the policy's rules: unknown fields, types, enumerations and required
/// fields.
/// </summary>
/// <remarks>What is wrong is reported and left out of the JSON, so that the rest can be checked for more.</remarks>
internal sealed class SchemaWalker
{
    private readonly Dictionary<string, (int Line, int Column)> _places = new(StringComparer.Ordinal);

    /// <summary>What is wrong.</summary>
    internal List<(FieldError Error, int Line, int Column)> Errors { get; } = [];

    /// <summary>Where a field stands, or else the nearest field around it that is in the file.</summary>
    internal (int Line, int Column) PlaceOf(string path) => _places
        .Where(place => path.StartsWith(place.Key, StringComparison.Ordinal)
            && (place.Key.Length is 0 || place.Key.Length == path.Length || path[place.Key.Length] is '.' or '['))
        .OrderByDescending(place => place.Key.Length)
        .Select(place => place.Value)
        .FirstOrDefault((1, 1));

    /// <summary>Notes where a field stands.</summary>
    internal void Remember(string path, int line, int column) => _places.TryAdd(path, (line, column));

    /// <summary>Reports an error at a place.</summary>
    internal void Report(string path, string value, string message, int line, int column) =>
        Errors.Add((new FieldError(path, value, message), line, column));

    /// <summary>Checks a value.</summary>
    /// <returns>The value as JSON; null when it is left out or wrong.</returns>
    internal JsonNode? Walk(SourceNode node, JsonObject schema, string path)
    {
        Remember(path, node.Line, node.Column);
        if (schema["x-kubernetes-int-or-string"] is not null)
        {
            return node is IntegerNode or TextNode ? Leaf(node) : Mistyped(node, path, "integer or string");
        }

        var type = schema["type"]!.GetValue<string>();
        return (type, node) switch
        {
            (_, NullNode) => Mistyped(node, path, type),
            ("object", MapNode map) when schema["properties"] is JsonObject properties => Object(map, schema, properties, path),
            ("object", MapNode map) when schema["additionalProperties"] is JsonObject values => Map(map, values, path),
            ("array", ListNode list) => List(list, schema["items"]!.AsObject(), path),
            ("string", TextNode text) => Text(text, schema, path),
            ("integer", IntegerNode integer) => Integer(integer, schema, path),
            ("number", IntegerNode or NumberNode) => Leaf(node),
            ("boolean", BooleanNode) => Leaf(node),
            _ => Mistyped(node, path, type),
        };
    }

    /// <summary>A value as JSON, for messages: numbers and booleans bare, strings in quotes.</summary>
    internal static string Show(SourceNode node) => node switch
    {
        MapNode or ListNode => node.TypeName,
        _ => Leaf(node)?.ToJsonString(_plain) ?? "null",
    };

    private static readonly JsonSerializerOptions _plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private JsonObject Object(MapNode map, JsonObject schema, JsonObject properties, string path)
    {
        var json = new JsonObject();
        foreach (var entry in map.Entries)
        {
            var field = YamlSource.Join(path, entry.Key);
            if (properties[entry.Key] is not JsonObject property)
            {
                UnknownField(entry, field, [.. properties.Select(known => known.Key)]);
                continue;
            }

            Remember(field, entry.Line, entry.Column);

            // The API server takes a field that is null as left out.
            if (entry.Value is not NullNode && Walk(entry.Value, property, field) is { } value)
            {
                json[entry.Key] = value;
            }
        }

        foreach (var required in schema["required"]?.AsArray() ?? [])
        {
            var name = required!.GetValue<string>();
            if (map.Find(name) is null or NullNode)
            {
                Report(YamlSource.Join(path, name), string.Empty, FieldError.RequiredMessage, map.Line, map.Column);
            }
        }

        return json;
    }

    /// <summary>Reports a field that there is not.</summary>
    internal void UnknownField(MapEntry entry, string field, IReadOnlyCollection<string> known) => Report(
        field,
        string.Empty,
        $"unknown field (column {entry.Column}); {FieldSuggestion.For(entry.Key, known)}",
        entry.Line,
        entry.Column);

    private JsonObject Map(MapNode map, JsonObject values, string path)
    {
        var json = new JsonObject();
        foreach (var entry in map.Entries)
        {
            var field = $"{path}[{entry.Key}]";
            Remember(field, entry.Line, entry.Column);
            if (entry.Value is not NullNode && Walk(entry.Value, values, field) is { } value)
            {
                json[entry.Key] = value;
            }
        }

        return json;
    }

    private JsonArray List(ListNode list, JsonObject items, string path)
    {
        var json = new JsonArray();
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (Walk(list.Items[i], items, $"{path}[{i}]") is { } value)
            {
                json.Add(value);
            }
        }

        return json;
    }

    private JsonValue? Text(TextNode text, JsonObject schema, string path)
    {
        var choices = schema["enum"]?.AsArray().Select(choice => choice!.GetValue<string>()).ToList();
        if (choices is null || choices.Contains(text.Value))
        {
            return JsonValue.Create(text.Value);
        }

        Report(path, Show(text), RuleMessages.Choices(choices), text.Line, text.Column);
        return null;
    }

    private JsonValue? Integer(IntegerNode integer, JsonObject schema, string path)
    {
        if (schema["format"]?.GetValue<string>() != "int32" || integer.Value is >= int.MinValue and <= int.MaxValue)
        {
            return JsonValue.Create(integer.Value);
        }

        Report(path, Show(integer), Allowed(schema), integer.Line, integer.Column);
        return null;
    }

    private static string Allowed(JsonObject schema) => schema["minimum"] is { } minimum && schema["maximum"] is { } maximum
        ? RuleMessages.Range(minimum.GetValue<long>(), maximum.GetValue<long>())
        : RuleMessages.Range(int.MinValue, int.MaxValue);

    private JsonNode? Mistyped(SourceNode node, string path, string type)
    {
        var hint = (type, node) switch
        {
            ("string", BooleanNode) => ": put it in quotes, since yes, no, on, off, y and n without quotes are booleans in YAML",
            ("string", IntegerNode or NumberNode) => ": put it in quotes, or add the unit when it is a duration, such as 30s",
            ("integer" or "boolean", TextNode) => ": no quotes, and nothing else in the value",
            _ => string.Empty,
        };
        Report(path, Show(node), $"must be of type {type}, not {node.TypeName}{hint}", node.Line, node.Column);
        return null;
    }

    private static JsonValue? Leaf(SourceNode node) => node switch
    {
        BooleanNode flag => JsonValue.Create(flag.Value),
        IntegerNode integer => JsonValue.Create(integer.Value),
        NumberNode number => JsonValue.Create(number.Value),
        TextNode text => JsonValue.Create(text.Value),
        _ => null,
    };
}
