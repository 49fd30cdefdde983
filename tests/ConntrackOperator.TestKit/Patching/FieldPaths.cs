using System.Text.Json.Nodes;

namespace ConntrackOperator.TestKit.Patching;

/// <summary>Names the fields of an object, items of keyed lists by their keys, and finds them again.</summary>
internal sealed class FieldPaths(IReadOnlyDictionary<string, string[]> listMapKeys, IReadOnlySet<string> atomic)
{
    private const char Separator = '\u001f';
    private const char ItemMark = '\u001e';

    private static readonly HashSet<string> _nobodysFields =
    [
        "apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion",
        "metadata.generation", "metadata.creationTimestamp", "metadata.deletionTimestamp", "metadata.managedFields",
        "metadata.generateName", "metadata.deletionGracePeriodSeconds",
    ];

    /// <summary>All leaves, and the items of keyed lists.</summary>
    public HashSet<string> Of(JsonObject item)
    {
        var paths = new HashSet<string>();
        Collect(item, "", "", paths);
        return paths;
    }

    public static string Display(string path) =>
        "." + path.Replace(Separator, '.').Replace(ItemMark.ToString(), "", StringComparison.Ordinal);

    public static bool IsItem(string path) => path.Split(Separator)[^1].StartsWith(ItemMark);

    public static bool IsUnder(string path, string parent) => path.StartsWith(parent + Separator, StringComparison.Ordinal);

    public JsonNode? Find(JsonObject root, string path)
    {
        JsonNode? node = root;
        var schema = "";
        foreach (var segment in path.Split(Separator))
        {
            node = Child(node, segment, schema);
            schema = segment[0] == ItemMark ? schema : Join(schema, segment);
        }

        return node;
    }

    /// <summary>Takes a field or item away, and the parents that are empty then.</summary>
    public void Remove(JsonObject root, string path)
    {
        var separator = path.LastIndexOf(Separator);
        var parentPath = separator < 0 ? "" : path[..separator];
        var last = path[(separator + 1)..];
        var parent = separator < 0 ? root : Find(root, parentPath);
        if (parent is JsonObject map)
        {
            map.Remove(last);
        }
        else if (parent is JsonArray list && Find(root, path) is { } item)
        {
            list.Remove(item);
        }

        if (parentPath.Length > 0 && parent is JsonObject { Count: 0 } or JsonArray { Count: 0 }
            && parentPath.Contains(Separator, StringComparison.Ordinal))
        {
            Remove(root, parentPath);
        }
    }

    /// <summary>Puts what is stated over what is there.</summary>
    public JsonNode? Merge(JsonNode? current, JsonNode? stated, string schema = "")
    {
        switch (stated)
        {
            case JsonObject changes when !atomic.Contains(schema):
                var result = current is JsonObject old ? (JsonObject)old.DeepClone() : [];
                foreach (var (name, value) in changes)
                {
                    if (value is not null)
                    {
                        result[name] = Merge(result[name], value, Join(schema, name));
                    }
                }

                return result;
            case JsonArray items when current is JsonArray before && Keys(schema) is { } keys:
                var merged = (JsonArray)before.DeepClone();
                foreach (var item in items)
                {
                    var segment = Segment(item, keys);
                    var index = merged.ToList().FindIndex(candidate => Segment(candidate, keys) == segment);
                    if (index < 0)
                    {
                        merged.Add(item!.DeepClone());
                    }
                    else if (keys.Length > 0)
                    {
                        merged[index] = Merge(merged[index], item, schema);
                    }
                }

                return merged;
            default:
                return stated?.DeepClone();
        }
    }

    private void Collect(JsonNode? node, string path, string schema, HashSet<string> paths)
    {
        switch (node)
        {
            case null:
                break;
            case JsonObject { Count: > 0 } map when !atomic.Contains(schema):
                foreach (var (name, value) in map)
                {
                    var below = Join(schema, name);
                    if (!_nobodysFields.Contains(below))
                    {
                        Collect(value, path.Length == 0 ? name : path + Separator + name, below, paths);
                    }
                }

                break;
            case JsonArray { Count: > 0 } list when Keys(schema) is { } keys:
                foreach (var item in list)
                {
                    var itemPath = path + Separator + Segment(item, keys);
                    paths.Add(itemPath);
                    if (keys.Length > 0)
                    {
                        Collect(item, itemPath, schema, paths);
                    }
                }

                break;
            default:
                paths.Add(path);
                break;
        }
    }

    private JsonNode? Child(JsonNode? node, string segment, string schema) => node switch
    {
        JsonObject map => map[segment],
        JsonArray list when Keys(schema) is { } keys => list.FirstOrDefault(item => Segment(item, keys) == segment),
        _ => null,
    };

    /// <summary>The key fields of a list's items; none for a set of values; null for a list that is one value.</summary>
    private string[]? Keys(string schema) =>
        schema == "metadata.finalizers" ? [] : listMapKeys.GetValueOrDefault(schema);

    private static string Segment(JsonNode? item, string[] keys) => keys.Length == 0
        ? ItemMark + $"[{item?.ToJsonString()}]"
        : ItemMark + $"[{string.Join(',', keys.Select(key => $"{key}={item?[key]?.ToJsonString()}"))}]";

    private static string Join(string schema, string name) => schema.Length == 0 ? name : $"{schema}.{name}";
}
