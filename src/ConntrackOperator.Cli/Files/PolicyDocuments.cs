using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Cli.Files;

/// <summary>Turns the documents of a file into policies.</summary>
/// <param name="schema">The CRD's schema of a policy.</param>
internal sealed class PolicyDocuments(JsonObject schema)
{
    // Rules over two fields say nothing while one of the two is of the wrong type.
    private static readonly HashSet<string> CrossFieldRules =
        new([RuleMessages.LowAboveHigh, RuleMessages.MinAboveMax, RuleMessages.WarningBelowCritical], StringComparer.Ordinal);

    private readonly List<ConntrackPolicy> policies = [];
    private readonly List<(FieldError Error, int Line, int Column)> errors = [];
    private readonly Dictionary<string, int> names = new(StringComparer.Ordinal);

    /// <summary>The policies without an error.</summary>
    internal IReadOnlyList<ConntrackPolicy> Policies => policies;

    /// <summary>All that is wrong.</summary>
    internal IReadOnlyList<(FieldError Error, int Line, int Column)> Errors => errors;

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
            errors.Add((new FieldError(path, SchemaWalker.Show(node), "must be an object with apiVersion, kind, metadata and spec"), node.Line, node.Column));
            return;
        }

        if (IsList(map))
        {
            var items = map.Find("items") as ListNode;
            for (var i = 0; i < (items?.Items.Count ?? 0); i++)
            {
                Add(items!.Items[i], string.Create(CultureInfo.InvariantCulture, $"{YamlSource.Join(path, "items")}[{i}]"));
            }

            return;
        }

        var walker = new SchemaWalker();
        walker.Remember(path, map.Line, map.Column);
        var isPolicy = CheckKind(map, path, walker);
        if (isPolicy)
        {
            CheckPolicy(map, path, walker);
        }

        errors.AddRange(walker.Errors);
    }

    private static bool IsList(MapNode map) => (map.Find("apiVersion"), map.Find("kind")) switch
    {
        (TextNode { Value: "v1" }, TextNode { Value: "List" }) => true,
        (TextNode { Value: ApiGroup.ApiVersion }, TextNode { Value: ConntrackPolicy.KindName + "List" }) => true,
        _ => false,
    };

    private static bool CheckKind(MapNode map, string path, SchemaWalker walker)
    {
        var good = true;
        foreach (var (key, expected) in new[] { ("apiVersion", ApiGroup.ApiVersion), ("kind", ConntrackPolicy.KindName) })
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
                walker.Report(field, SchemaWalker.Show(entry.Value), $"must be {expected}, the only kind of object in a policy file besides a List of them", line, column);
            }
        }

        return good;
    }

    private void CheckPolicy(MapNode map, string path, SchemaWalker walker)
    {
        var rest = new MapNode([.. map.Entries.Where(entry => entry.Key is not ("metadata" or "status"))], map.Line, map.Column);
        var metadata = MetadataCheck.Check(map, path, walker);
        var json = (JsonObject)walker.Walk(rest, schema, path)!;
        if (map.Find("status") is { } status)
        {
            // The API server throws the status away, but refuses unknown fields in it all the same.
            var aside = new SchemaWalker();
            aside.Walk(status, schema["properties"]!["status"]!.AsObject(), YamlSource.Join(path, "status"));
            walker.Errors.AddRange(aside.Errors.Where(error => error.Error.Message.StartsWith("unknown field", StringComparison.Ordinal)));
        }

        // Rules are about the spec that could be read; those about a field that could not are silent.
        var policy = JsonSerializer.Deserialize(json, ApiJson.Default.ConntrackPolicy)! with { Metadata = metadata };
        var broken = walker.Errors.Select(error => error.Error.Path).ToList();
        var prefix = path.Length == 0 ? string.Empty : path + ".";
        foreach (var error in policy.Spec is null ? [] : PolicyValidator.Validate(policy))
        {
            var field = prefix + error.Path;
            var parent = Parent(field);
            var silent = broken.Exists(other => other == field || other.StartsWith(field + ".", StringComparison.Ordinal)
                || other.StartsWith(field + "[", StringComparison.Ordinal)
                || (CrossFieldRules.Contains(error.Message) && Parent(other) == parent));
            if (!silent)
            {
                var (line, column) = walker.PlaceOf(field);
                walker.Errors.Add((error with { Path = field }, line, column));
            }
        }

        CheckNameIsNew(metadata?.Name, path, walker);
        if (walker.Errors.Count == 0)
        {
            policies.Add(policy);
        }
    }

    private void CheckNameIsNew(string? name, string path, SchemaWalker walker)
    {
        var field = YamlSource.Join(path, "metadata.name");
        var (line, column) = walker.PlaceOf(field);
        if (name is not null && !names.TryAdd(name, line))
        {
            walker.Report(field, $"\"{name}\"", string.Create(CultureInfo.InvariantCulture, $"line {names[name]} has a policy of this name already"), line, column);
        }
    }

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('.'))];
}
