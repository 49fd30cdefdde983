using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>Turns the documents of a file into objects of one kind.</summary>
/// <param name="kind">The kind.</param>
internal sealed class ResourceDocuments<T>(ResourceKind<T> kind)
    where T : class, IKubernetesObject
{
    // Rules over two fields say nothing while one of the two is of the wrong type.
    private static readonly HashSet<string> _crossFieldRules =
        new(
            [
                RuleMessages.LowAboveHigh, RuleMessages.MinAboveMax, RuleMessages.WarningBelowCritical,
                RuleMessages.CriticalAboveWarning, RuleMessages.AllIsAlone, RuleMessages.OneIpVersion, RuleMessages.StatesOfUdp,
                RuleMessages.StatesOfGre,
                RuleMessages.StatesNeedProtocol, RuleMessages.StatesOfTcp, RuleMessages.StatesOfSctp, RuleMessages.StatesOfDccp,
                RuleMessages.PortNeedsProtocol, RuleMessages.IcmpNeedsProtocol, RuleMessages.GreNeedsProtocol,
            ],
            StringComparer.Ordinal);

    private readonly List<T> _objects = [];
    private readonly List<(FieldError Error, int Line, int Column)> _errors = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    /// <summary>The objects without an error.</summary>
    internal IReadOnlyList<T> Objects => _objects;

    /// <summary>All that is wrong.</summary>
    internal IReadOnlyList<(FieldError Error, int Line, int Column)> Errors => _errors;

    /// <summary>Objects seen, good or bad.</summary>
    internal int Count { get; private set; }

    /// <summary>Takes one document, or one item of a list.</summary>
    internal void Add(SourceNode node, string path)
    {
        if (node is NullNode)
        {
            return;
        }

        Count++;
        if (node is not MapNode map)
        {
            var error = new FieldError(path, SchemaWalker.Show(node), "must be an object with apiVersion, kind, metadata and spec");
            _errors.Add((error, node.Line, node.Column));
            return;
        }

        if (IsList(map))
        {
            var items = map.Find("items") as ListNode;
            for (var i = 0; i < (items?.Items.Count ?? 0); i++)
            {
                Add(items!.Items[i], $"{YamlSource.Join(path, "items")}[{i}]");
            }

            return;
        }

        var walker = new SchemaWalker();
        walker.Remember(path, map.Line, map.Column);
        if (CheckKind(map, path, walker))
        {
            CheckObject(map, path, walker);
        }

        _errors.AddRange(walker.Errors);
    }

    private bool IsList(MapNode map) => (map.Find("apiVersion"), map.Find("kind")) switch
    {
        (TextNode { Value: "v1" }, TextNode { Value: "List" }) => true,
        (TextNode { Value: ApiGroup.ApiVersion }, TextNode list) => list.Value == kind.Name + "List",
        _ => false,
    };

    private bool CheckKind(MapNode map, string path, SchemaWalker walker)
    {
        if (map.Find("apiVersion") is TextNode { Value: ApiGroup.ApiVersion }
            && map.Entries.FirstOrDefault(entry => entry.Key == "kind") is { Value: TextNode other } at
            && kind.Others.TryGetValue(other.Value, out var instead))
        {
            walker.Report(YamlSource.Join(path, "kind"), string.Empty, $"is a {other.Value}: {instead}", at.Line, at.Column);
            return false;
        }

        var good = true;
        foreach (var (key, expected) in new[] { ("apiVersion", ApiGroup.ApiVersion), ("kind", kind.Name) })
        {
            var entry = map.Entries.FirstOrDefault(candidate => candidate.Key == key);
            if (entry?.Value is TextNode text && text.Value == expected)
            {
                continue;
            }

            good = false;
            var field = YamlSource.Join(path, key);
            var (line, column) = entry is null ? (map.Line, map.Column) : (entry.Line, entry.Column);
            if (entry?.Value is null or NullNode)
            {
                walker.Report(field, string.Empty, $"{FieldError.RequiredMessage}: {expected}", line, column);
            }
            else
            {
                walker.Report(
                    field, SchemaWalker.Show(entry.Value),
                    $"must be {expected}, the only kind of object in a {kind.Noun} file besides a List of them", line, column);
            }
        }

        return good;
    }

    private void CheckObject(MapNode map, string path, SchemaWalker walker)
    {
        var rest = new MapNode([.. map.Entries.Where(entry => entry.Key is not ("metadata" or "status"))], map.Line, map.Column);
        var metadata = MetadataCheck.Check(map, path, walker);
        var json = (JsonObject)walker.Walk(rest, kind.Schema, path)!;
        if (map.Find("status") is { } status)
        {
            // The API server throws the status away, but refuses unknown fields in it all the same.
            var aside = new SchemaWalker();
            aside.Walk(status, kind.Schema["properties"]!["status"]!.AsObject(), YamlSource.Join(path, "status"));
            walker.Errors.AddRange(aside.Errors.Where(error => error.Error.Message.StartsWith("unknown field", StringComparison.Ordinal)));
        }

        // Rules are about the spec that could be read; those about a field that could not are silent.
        var given = kind.WithMetadata(JsonSerializer.Deserialize(json, kind.Json)!, metadata);
        var broken = walker.Errors.Select(error => error.Error.Path).ToList();
        var prefix = path.Length == 0 ? string.Empty : path + ".";
        foreach (var error in json["spec"] is null ? [] : kind.Validate(given))
        {
            var field = prefix + error.Path;
            var parent = Parent(field);
            var silent = broken.Exists(other => other == field || other.StartsWith(field + ".", StringComparison.Ordinal)
                || other.StartsWith(field + "[", StringComparison.Ordinal)
                || (_crossFieldRules.Contains(error.Message) && Parent(other) == parent));
            if (!silent)
            {
                var (line, column) = walker.PlaceOf(field);
                walker.Errors.Add((error with { Path = field }, line, column));
            }
        }

        CheckNameIsNew(metadata?.Name, path, walker);
        if (walker.Errors.Count == 0)
        {
            _objects.Add(given);
        }
    }

    private void CheckNameIsNew(string? name, string path, SchemaWalker walker)
    {
        var field = YamlSource.Join(path, "metadata.name");
        var (line, column) = walker.PlaceOf(field);
        if (name is not null && !_names.TryAdd(name, line))
        {
            walker.Report(field, $"\"{name}\"", $"line {_names[name]} has a {kind.Noun} of this name already", line, column);
        }
    }

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('.'))];
}
