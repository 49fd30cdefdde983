using System.Globalization;
using System.Text.Json.Nodes;

namespace ConntrackOperator.TestKit.Patching;

/// <summary>RFC 6902: test, add, replace, remove, copy, move.</summary>
internal static class JsonPatch
{
    /// <exception cref="InvalidOperationException">A test failed or a path is not there.</exception>
    public static JsonObject Apply(JsonObject target, JsonArray operations)
    {
        var result = (JsonObject)target.DeepClone();
        foreach (var operation in operations)
        {
            var op = operation!["op"]!.GetValue<string>();
            var path = operation["path"]!.GetValue<string>();
            var value = operation["value"];
            switch (op)
            {
                case "test":
                    if (!JsonNode.DeepEquals(Find(result, path), value))
                    {
                        throw new InvalidOperationException($"testing value {path} failed");
                    }

                    break;
                case "add":
                    Put(result, path, value?.DeepClone(), mustExist: false);
                    break;
                case "replace":
                    Put(result, path, value?.DeepClone(), mustExist: true);
                    break;
                case "remove":
                    Take(result, path);
                    break;
                case "copy":
                    Put(result, path, Find(result, operation["from"]!.GetValue<string>())?.DeepClone(), mustExist: false);
                    break;
                case "move":
                    Put(result, path, Take(result, operation["from"]!.GetValue<string>()), mustExist: false);
                    break;
                default:
                    throw new InvalidOperationException($"unknown operation {op}");
            }
        }

        return result;
    }

    private static JsonNode? Find(JsonNode? node, string path)
    {
        foreach (var segment in Segments(path))
        {
            node = node switch
            {
                JsonObject map => map[segment],
                JsonArray list when Index(segment) is { } index && index < list.Count => list[index],
                _ => null,
            };
        }

        return node;
    }

    private static void Put(JsonNode root, string path, JsonNode? value, bool mustExist)
    {
        var (parent, last) = Parent(root, path);
        switch (parent)
        {
            case JsonObject map when !mustExist || map.ContainsKey(last):
                map[last] = value;
                break;
            case JsonArray list when last == "-" && !mustExist:
                list.Add(value);
                break;
            case JsonArray list when Index(last) is { } index && index <= list.Count - (mustExist ? 1 : 0):
                if (mustExist)
                {
                    list[index] = value;
                }
                else
                {
                    list.Insert(index, value);
                }

                break;
            default:
                throw new InvalidOperationException($"the path {path} is not there");
        }
    }

    private static JsonNode? Take(JsonNode root, string path)
    {
        var (parent, last) = Parent(root, path);
        if (parent is JsonObject map && map.ContainsKey(last))
        {
            var value = map[last];
            map.Remove(last);
            return value;
        }

        if (parent is JsonArray list && Index(last) is { } index && index < list.Count)
        {
            var value = list[index];
            list.RemoveAt(index);
            return value;
        }

        throw new InvalidOperationException($"the path {path} is not there");
    }

    private static (JsonNode? Parent, string Last) Parent(JsonNode root, string path)
    {
        var slash = path.LastIndexOf('/');
        return (Find(root, path[..slash]), Segments(path)[^1]);
    }

    private static int? Index(string segment) =>
        int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static string[] Segments(string path) => path.Length == 0
        ? []
        : [.. path[1..].Split('/')
            .Select(segment => segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
}
