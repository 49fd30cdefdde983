using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Engine;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Doctor;

/// <summary>A fault that can be planted into a recorded cluster, and what must be said of it.</summary>
internal sealed record PlantedFault(string Name, string Rule, string Says, JsonArray Change);

/// <summary>A cluster of TestData/clusters: its objects as the API would give them, without an API server.</summary>
internal sealed partial class RecordedCluster : IClusterObjects
{
    private static readonly string[] _ours = ["ConntrackPolicy", "ConntrackNode"];

    private readonly List<JsonObject> _objects;

    private RecordedCluster(List<JsonObject> objects) => _objects = objects;

    /// <summary>When everything was reported.</summary>
    public static DateTimeOffset Now { get; } = DateTimeOffset.Parse("2026-11-26T12:00:00Z", CultureInfo.InvariantCulture);

    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => n != "operator")
            .Order(StringComparer.Ordinal)];

    public IReadOnlyList<JsonObject> Objects => _objects;

    /// <summary>Kinds that must not be read.</summary>
    public HashSet<string> Forbidden { get; } = [];

    private static string Folder => Path.Combine(Repository.Root, "tests", "ConntrackOperator.Cli.Tests", "TestData", "clusters");

    /// <summary>The cluster with this operator in it.</summary>
    public static RecordedCluster Load(string name, DateTimeOffset? now = null) =>
        new(
            [.. Read(name, now).Items("objects").Concat(Read("operator", now).Items("objects")).Select(o => o.DeepClone().AsObject()),
            .. CrdGenerator.Manifests()]);

    /// <summary>The cluster as it was before this operator.</summary>
    public static RecordedCluster LoadBefore(string name) =>
        new([.. Read(name, null).Items("objects").Where(o => !_ours.Contains(o.Text("kind"))).Select(o => o.DeepClone().AsObject())]);

    /// <summary>Its own faults, and those of the operator.</summary>
    public static IReadOnlyList<PlantedFault> Faults(string name) =>
        [.. Read(name, null).Items("faults").Concat(Read("operator", null).Items("faults"))
            .Select(f => new PlantedFault(f.Text("name"), f.Text("rule"), f.Text("says"), f.At("change")!.AsArray()))];

    public static IEnumerable<string> Sources(string name) => Read(name, null).Texts("source");

    public void Plant(PlantedFault fault)
    {
        foreach (var change in fault.Change.OfType<JsonObject>())
        {
            if (change["add"] is JsonObject added)
            {
                _objects.Add(added.DeepClone().AsObject());
            }
            else if (change.Text("remove") is { Length: > 0 } gone)
            {
                Assert.Equal(1, _objects.RemoveAll(o => Id(o) == gone));
            }
            else
            {
                Set(Assert.Single(_objects, o => Id(o) == change.Text("object")), change);
            }
        }
    }

    public Task<IReadOnlyList<JsonObject>> ListAsync(ResourceType type, string? ns, string? labels, CancellationToken cancel)
    {
        Refuse(type, ns);
        var found = Of(type, ns)
            .Where(
                o => labels is null
                    || labels.Split(',')
                    .All(l => l.Split('=') is [var key, var value] && o.Map("metadata", "labels").GetValueOrDefault(key) == value))
                .ToList();

        // The built-in kinds are in every cluster, others only where they are installed.
        return found.Count > 0 || !type.Group.Contains('.', StringComparison.Ordinal)
            || type.Group.EndsWith(".k8s.io", StringComparison.Ordinal)
            ? Task.FromResult<IReadOnlyList<JsonObject>>(found)
            : throw new ApiException("the server could not find the requested resource", 404);
    }

    public Task<JsonObject> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancel)
    {
        Refuse(type, ns);
        return Of(type, ns).FirstOrDefault(o => o.Name() == name) is { } found
            ? Task.FromResult(found) : throw new ApiException($"{type.QualifiedName} \"{name}\" not found", 404);
    }

    private static string Id(JsonObject o) =>
        $"{o.Text("kind")} {(o.Namespace().Length > 0 ? o.Namespace() + "/" : string.Empty)}{o.Name()}";

    private IEnumerable<JsonObject> Of(ResourceType type, string? ns) =>
        _objects.Where(o => o.Text("kind") == type.Kind && o.Text("apiVersion") == type.ApiVersion && (ns is null || o.Namespace() == ns));

    private void Refuse(ResourceType type, string? ns)
    {
        if (Forbidden.Contains(type.Kind))
        {
            throw new ApiException(
                $"list {type.QualifiedName} in {ns ?? "all namespaces"}: 403 Forbidden (missing: verb \"list\" on resource "
                    + $"\"{type.Plural}\")", 403, "Forbidden");
        }
    }

    private static void Set(JsonObject target, JsonObject change)
    {
        // A dot in a name is written \.
        var path = Dots().Split(change.Text("set")).Select(p => p.Replace("\\.", ".", StringComparison.Ordinal)).ToList();
        JsonNode at = target;
        foreach (var part in path.SkipLast(1))
        {
            at = (at is JsonArray list ? list[int.Parse(part, CultureInfo.InvariantCulture)] : at[part])
                ?? throw new InvalidOperationException($"{part} of {change.Text("set")} is not there");
        }

        JsonNode? value;
        if (change["from"] is { } from)
        {
            var text = at[path[^1]]!.GetValue<string>();
            Assert.Contains(from.GetValue<string>(), text, StringComparison.Ordinal);
            value = text.Replace(from.GetValue<string>(), change.Text("to"), StringComparison.Ordinal);
        }
        else
        {
            value = change["value"]?.DeepClone();
        }

        if (at is JsonArray array)
        {
            array[int.Parse(path[^1], CultureInfo.InvariantCulture)] = value;
        }
        else if (value is null)
        {
            Assert.True(at.AsObject().Remove(path[^1]), change.Text("set"));
        }
        else
        {
            at[path[^1]] = value;
        }
    }

    private static JsonNode Read(string name, DateTimeOffset? now)
    {
        var text = File.ReadAllText(Path.Combine(Folder, name + ".yaml"))
            .Replace("@VERSION@", EngineVersion.Text, StringComparison.Ordinal)
            .Replace(
                "@NOW@", (now ?? Now).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
                StringComparison.Ordinal);
        using var reader = new StringReader(text);
        var problems = new List<SourceProblem>();
        var document = Assert.Single(YamlSource.Read(reader, problems));
        Assert.Empty(problems);
        return Json(document)!;
    }

    private static JsonNode? Json(SourceNode node) => node switch
    {
        MapNode map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key, Json(e.Value)))),
        ListNode list => new JsonArray([.. list.Items.Select(Json)]),
        TextNode text => text.Value,
        IntegerNode number => number.Value,
        NumberNode number => number.Value,
        BooleanNode flag => flag.Value,
        _ => null,
    };

    [GeneratedRegex(@"(?<!\\)\.")]
    private static partial Regex Dots();
}
