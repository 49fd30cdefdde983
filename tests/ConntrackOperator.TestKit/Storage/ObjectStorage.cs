using System.Globalization;
using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit.Patching;

namespace ConntrackOperator.TestKit.Storage;

/// <summary>What the API server and etcd do with objects: versions, concurrency, generations, deletion.</summary>
internal sealed partial class ObjectStorage(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceTable> _tables = [];
    private readonly Dictionary<string, Pages> _pages = [];
    private long _revision = 1;
    private long _compacted;

    public long Revision
    {
        get
        {
            lock (_lock)
            {
                return _revision;
            }
        }
    }

    public void Register(FakeResource resource)
    {
        lock (_lock)
        {
            _tables[(resource.Type.Group, resource.Type.Version, resource.Type.Plural)] = new(resource);
        }
    }

    public ResourceTable? Table(string group, string version, string plural)
    {
        lock (_lock)
        {
            return _tables.GetValueOrDefault((group, version, plural));
        }
    }

    public ResourceTable Table(ResourceType type) =>
        Table(type.Group, type.Version, type.Plural) ?? throw new InvalidOperationException($"{type.Kind} is not registered.");

    /// <summary>Forgets all that happened: older versions and tokens are expired.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _compacted = _revision;
            _pages.Clear();
            foreach (var table in _tables.Values)
            {
                table.Log.Clear();
            }
        }
    }

    /// <summary>Forgets all objects and counts anew.</summary>
    public void Lose()
    {
        lock (_lock)
        {
            _revision = 1;
            _compacted = 0;
            _pages.Clear();
            foreach (var table in _tables.Values)
            {
                table.Log.Clear();
                table.Objects.Clear();
            }
        }
    }

    public JsonObject Get(ResourceTable table, string? ns, string name)
    {
        lock (_lock)
        {
            return table.Find(ns, name).Object;
        }
    }

    public IReadOnlyList<JsonObject> All(ResourceTable table)
    {
        lock (_lock)
        {
            return [.. table.Objects.Values.Select(stored => stored.Object)];
        }
    }

    public JsonObject Create(ResourceTable table, string? ns, JsonObject body, string manager)
    {
        lock (_lock)
        {
            var item = (JsonObject)body.DeepClone();
            var name = NewMetadata(table, item, ns);
            if (table.Objects.ContainsKey(ResourceTable.KeyOf(ns, name)))
            {
                throw new ApiProblem(409, "AlreadyExists", $"{table.Describe(name)} already exists");
            }

            if (table.Resource.HasStatus)
            {
                item.Remove("status");
            }

            table.Check(item, name);
            var owners = new FieldOwners(table.Paths);
            owners.Update(null, item, manager);
            return Insert(table, ns, name, item, owners);
        }
    }

    public JsonObject Replace(ResourceTable table, string? ns, string name, JsonObject body, string? subresource, string manager)
    {
        lock (_lock)
        {
            var stored = table.Find(ns, name);
            if (body["metadata"]?["name"]?.GetValue<string>() is { } inBody && inBody != name)
            {
                throw ApiProblem.BadRequest("the name of the object does not match the name on the URL");
            }

            if (string.IsNullOrEmpty(body["metadata"]?["resourceVersion"]?.GetValue<string>()))
            {
                throw ApiProblem.Invalid(
                    table.Describe(name), "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
            }

            return Write(table, ns, name, stored, body, subresource, manager);
        }
    }

    public JsonObject Patch(
        ResourceTable table, string? ns, string name, Func<JsonObject, JsonObject> patch, string? subresource, string manager)
    {
        lock (_lock)
        {
            var stored = table.Find(ns, name);
            JsonObject patched;
            try
            {
                patched = patch(stored.Object);
            }
            catch (InvalidOperationException e)
            {
                throw new ApiProblem(422, "Invalid", $"the server rejected our request due to an error in our request: {e.Message}");
            }

            return Write(table, ns, name, stored, patched, subresource, manager);
        }
    }

    public JsonObject Apply(
        ResourceTable table, string? ns, string name, JsonObject stated, string? subresource, string manager, bool force)
    {
        lock (_lock)
        {
            stated = (JsonObject)stated.DeepClone();
            Restrict(table, stated, subresource);
            var key = ResourceTable.KeyOf(ns, name);
            if (!table.Objects.TryGetValue(key, out var stored))
            {
                if (subresource is not null)
                {
                    throw ApiProblem.NotFound(table.Describe(name));
                }

                var fresh = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
                var first = new FieldOwners(table.Paths);
                var created = first.Apply(fresh, stated, manager, force);
                NewMetadata(table, created, ns);
                table.Check(created, name);
                return Insert(table, ns, name, created, first);
            }

            var version = stated["metadata"]?["resourceVersion"]?.GetValue<string>();
            var owners = stored.Owners.Clone();
            var merged = owners.Apply(stored.Object, stated, manager, force);
            merged["metadata"]!["resourceVersion"] = version ?? VersionOf(stored.Object);
            return Write(table, ns, name, stored with { Owners = owners }, merged, subresource, null);
        }
    }

    public JsonObject Delete(ResourceTable table, string? ns, string name, JsonObject? options)
    {
        lock (_lock)
        {
            var stored = table.Find(ns, name);
            var metadata = stored.Object["metadata"]!;
            foreach (var field in new[] { "uid", "resourceVersion" })
            {
                var wanted = options?["preconditions"]?[field]?.GetValue<string>();
                if (wanted is not null && wanted != metadata[field]!.GetValue<string>())
                {
                    throw ApiProblem.Conflict(table.Describe(name), $"Precondition failed: {field} in precondition: {wanted}");
                }
            }

            if (metadata["finalizers"] is not JsonArray { Count: > 0 })
            {
                return Remove(table, ns, name, stored.Object);
            }

            if (metadata["deletionTimestamp"] is not null)
            {
                return stored.Object;
            }

            var marked = (JsonObject)stored.Object.DeepClone();
            marked["metadata"]!["deletionTimestamp"] = Now();
            marked["metadata"]!["deletionGracePeriodSeconds"] = 0;
            Bump(marked);
            return Store(table, ns, name, stored.Object, marked, stored.Owners);
        }
    }

    /// <summary>A write to an object that is there, with all that the server makes of it.</summary>
    private JsonObject Write(
        ResourceTable table, string? ns, string name, StoredObject stored, JsonObject body, string? subresource, string? manager)
    {
        var old = stored.Object;
        var now = (JsonObject)body.DeepClone();
        var wanted = now["metadata"]?["resourceVersion"]?.GetValue<string>();
        if (!string.IsNullOrEmpty(wanted) && wanted != VersionOf(old))
        {
            throw ApiProblem.Conflict(
                table.Describe(name), "the object has been modified; please apply your changes to the latest version and try again");
        }

        if (now["metadata"]?["uid"]?.GetValue<string>() is { } uid && uid != old["metadata"]!["uid"]!.GetValue<string>())
        {
            throw ApiProblem.Conflict(table.Describe(name), "Precondition failed: UID in precondition");
        }

        if (subresource == "status")
        {
            var status = now["status"]?.DeepClone();
            now = (JsonObject)old.DeepClone();
            Set(now, "status", status);
        }
        else if (table.Resource.HasStatus)
        {
            Set(now, "status", old["status"]?.DeepClone());
        }

        KeepMetadata(old, now);
        if (!SameSpec(old, now))
        {
            Bump(now);
        }

        table.Check(now, name);
        if (manager is not null)
        {
            stored.Owners.Update(old, now, manager);
        }

        if (JsonNode.DeepEquals(old, now))
        {
            table.Objects[ResourceTable.KeyOf(ns, name)] = new(old, stored.Owners);
            return old;
        }

        var ends = now["metadata"]!["deletionTimestamp"] is not null && now["metadata"]!["finalizers"] is not JsonArray { Count: > 0 };
        return ends ? Remove(table, ns, name, now) : Store(table, ns, name, old, now, stored.Owners);
    }

    private JsonObject Insert(ResourceTable table, string? ns, string name, JsonObject item, FieldOwners owners)
    {
        item["metadata"]!["resourceVersion"] = Next();
        table.Objects[ResourceTable.KeyOf(ns, name)] = new(item, owners);
        table.Publish(new(_revision, "ADDED", item, null));
        return item;
    }

    private JsonObject Store(ResourceTable table, string? ns, string name, JsonObject old, JsonObject now, FieldOwners owners)
    {
        now["metadata"]!["resourceVersion"] = Next();
        table.Objects[ResourceTable.KeyOf(ns, name)] = new(now, owners);
        table.Publish(new(_revision, "MODIFIED", now, old));
        return now;
    }

    private JsonObject Remove(ResourceTable table, string? ns, string name, JsonObject last)
    {
        var gone = (JsonObject)last.DeepClone();
        gone["metadata"]!["resourceVersion"] = Next();
        var before = table.Objects[ResourceTable.KeyOf(ns, name)].Object;
        table.Objects.Remove(ResourceTable.KeyOf(ns, name));
        table.Publish(new(_revision, "DELETED", gone, before));
        return gone;
    }

    private string NewMetadata(ResourceTable table, JsonObject item, string? ns)
    {
        item["apiVersion"] = table.Resource.Type.ApiVersion;
        item["kind"] = table.Resource.Type.Kind;
        var metadata = item["metadata"] as JsonObject ?? throw ApiProblem.BadRequest("metadata is required");
        var name = metadata["name"]?.GetValue<string>();
        if (string.IsNullOrEmpty(name))
        {
            var prefix = metadata["generateName"]?.GetValue<string>()
                ?? throw ApiProblem.Invalid(table.Describe(""), "metadata.name: Required value: name or generateName is required");
            metadata["name"] = name = prefix + Guid.NewGuid().ToString("N")[..5];
        }

        Set(metadata, "namespace", ns is null ? null : JsonValue.Create(ns));
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Now();
        metadata["generation"] = 1L;
        return name;
    }

    private static void Restrict(ResourceTable table, JsonObject stated, string? subresource)
    {
        if (subresource == "status")
        {
            foreach (var name in stated.Select(pair => pair.Key)
                .Where(name => name is not ("apiVersion" or "kind" or "status" or "metadata")).ToList())
            {
                stated.Remove(name);
            }
        }
        else if (table.Resource.HasStatus)
        {
            stated.Remove("status");
        }
    }

    private static void KeepMetadata(JsonObject old, JsonObject now)
    {
        if (now["metadata"] is not JsonObject metadata)
        {
            now["metadata"] = metadata = [];
        }

        foreach (var field in new[]
        {
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "generation",
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        })
        {
            Set(metadata, field, old["metadata"]![field]?.DeepClone());
        }

        now["apiVersion"] = old["apiVersion"]!.DeepClone();
        now["kind"] = old["kind"]!.DeepClone();
    }

    private static bool SameSpec(JsonObject a, JsonObject b)
    {
        static JsonObject Spec(JsonObject item)
        {
            var spec = (JsonObject)item.DeepClone();
            spec.Remove("metadata");
            spec.Remove("status");
            return spec;
        }

        return JsonNode.DeepEquals(Spec(a), Spec(b));
    }

    private static void Set(JsonObject item, string name, JsonNode? value)
    {
        if (value is null)
        {
            item.Remove(name);
        }
        else
        {
            item[name] = value;
        }
    }

    private static void Bump(JsonObject item) =>
        item["metadata"]!["generation"] = item["metadata"]!["generation"]!.GetValue<long>() + 1;

    private static string VersionOf(JsonObject item) => item["metadata"]!["resourceVersion"]!.GetValue<string>();

    private string Next() => (++_revision).ToString(CultureInfo.InvariantCulture);

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
