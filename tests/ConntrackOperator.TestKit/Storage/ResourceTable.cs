using System.Text.Json.Nodes;
using System.Threading.Channels;
using ConntrackOperator.TestKit.Patching;

namespace ConntrackOperator.TestKit.Storage;

/// <summary>The objects of one kind, what happened to them, and who watches.</summary>
internal sealed class ResourceTable(FakeResource resource)
{
    public FakeResource Resource { get; } = resource;

    public FieldPaths Paths { get; } = new(resource.ListMapKeys, resource.Atomic);

    public SortedDictionary<string, StoredObject> Objects { get; } = new(StringComparer.Ordinal);

    public List<StorageEvent> Log { get; } = [];

    public List<Channel<StorageEvent>> Watches { get; } = [];

    public static string KeyOf(string? ns, string name) => $"{ns}/{name}";

    public string Describe(string name) => $"{Resource.Type.QualifiedName} \"{name}\"";

    public void Publish(StorageEvent change)
    {
        Log.Add(change);
        foreach (var watch in Watches)
        {
            watch.Writer.TryWrite(change);
        }
    }

    public StoredObject Find(string? ns, string name) =>
        Objects.GetValueOrDefault(KeyOf(ns, name)) ?? throw ApiProblem.NotFound(Describe(name));

    public void Check(JsonObject item, string name)
    {
        if (Resource.Validate?.Invoke(item) is { } problem)
        {
            throw ApiProblem.Invalid($"{Resource.Type.Kind}.{Resource.Type.Group} \"{name}\"", problem);
        }
    }
}
