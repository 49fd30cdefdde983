using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit.Faults;
using ConntrackOperator.TestKit.Http;
using ConntrackOperator.TestKit.Storage;

namespace ConntrackOperator.TestKit;

/// <summary>An API server inside the test's process, which can be made to fail in every way that a real one can.</summary>
public sealed partial class FakeApiServer : IApiServer, IDisposable
{
    private readonly ConcurrentDictionary<string, string> _users = new();
    private readonly TimeProvider _time;
    private readonly ObjectStorage _storage;
    private readonly HttpServer _http;

    /// <summary>Starts it on a free port, with nodes, leases and events, and the kinds that are given.</summary>
    /// <param name="resources">More kinds.</param>
    /// <param name="time">The clock of time stamps and of watches' time-outs; null: the system's.</param>
    public FakeApiServer(IEnumerable<FakeResource>? resources = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _storage = new(_time);
        _users[Token] = "test-admin";
        Register(new(ResourceType.Node));
        Register(new(ResourceType.Lease) { HasStatus = false });
        Register(new(ResourceType.Event) { HasStatus = false });
        foreach (var resource in resources ?? [])
        {
            Register(resource);
        }

        _http = new(HandleAsync);
    }

    public Uri BaseAddress => new($"http://127.0.0.1:{_http.Port}");

    public string Token => "test-token";

    public bool IsReal => false;

    /// <summary>What is to go wrong.</summary>
    public FaultList Faults { get; } = new();

    /// <summary>What was asked.</summary>
    public RequestLog Requests { get; } = new();

    /// <summary>Says whether a user may do something; null: everybody may do everything.</summary>
    public Func<RequestRecord, bool>? Authorize { get; set; }

    /// <summary>How often watches get a bookmark by themselves; null: only by <see cref="SendBookmarks"/>.</summary>
    public TimeSpan? BookmarkInterval { get; set; }

    /// <summary>How many clients are connected.</summary>
    public int Connections => _http.Connections;

    /// <summary>The version of the newest change.</summary>
    public long Revision => _storage.Revision;

    public ApiClient CreateClient(ApiClientOptions? options = null, TimeProvider? time = null) =>
        new ServerConnection { Server = BaseAddress, Token = Token }.Connect(options, time);

    public HttpClient CreateHttpClient()
    {
        var http = new HttpClient { BaseAddress = BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return http;
    }

    /// <summary>Serves one more kind.</summary>
    public void Register(FakeResource resource) => _storage.Register(resource);

    /// <summary>Lets somebody in.</summary>
    public void AddUser(string token, string name) => _users[token] = name;

    /// <summary>Shuts somebody out: their token is answered with 401.</summary>
    public void RemoveUser(string token) => _users.TryRemove(token, out _);

    /// <summary>Creates an object, or replaces all of it but what the server keeps. With status, if it is given.</summary>
    public JsonObject Put(ResourceType type, string json) => Put(type, (JsonObject)JsonNode.Parse(json)!);

    /// <inheritdoc cref="Put(ResourceType, string)"/>
    public JsonObject Put(ResourceType type, JsonObject item)
    {
        var table = _storage.Table(type);
        var name = item["metadata"]!["name"]!.GetValue<string>();
        var ns = type.Namespaced ? item["metadata"]!["namespace"]?.GetValue<string>() ?? "default" : null;
        var result = Get(type, name, ns) is null
            ? _storage.Create(table, ns, item, "test")
            : _storage.Patch(table, ns, name, _ => Without(item, "resourceVersion"), null, "test");
        if (table.Resource.HasStatus && item["status"] is { } status)
        {
            result = _storage.Patch(table, ns, name, old => With(old, "status", status), "status", "test");
        }

        return (JsonObject)result.DeepClone();
    }

    /// <summary>Changes an object as somebody else would, by a merge patch.</summary>
    public JsonObject Merge(ResourceType type, string name, string patch, string? ns = null, string? subresource = null) =>
        (JsonObject)_storage.Patch(
            _storage.Table(type), ns, name, old => (JsonObject)Patching.MergePatch.Apply(old, JsonNode.Parse(patch))!, subresource, "test")
            .DeepClone();

    /// <summary>Reads an object; null: it is not there.</summary>
    public JsonObject? Get(ResourceType type, string name, string? ns = null)
    {
        try
        {
            return (JsonObject)_storage.Get(_storage.Table(type), ns, name).DeepClone();
        }
        catch (ApiProblem e) when (e.Code == 404)
        {
            return null;
        }
    }

    /// <summary>All objects of a kind.</summary>
    public IReadOnlyList<JsonObject> All(ResourceType type) =>
        [.. _storage.All(_storage.Table(type)).Select(item => (JsonObject)item.DeepClone())];

    /// <summary>Deletes an object as a user would: one with finalizers is only marked.</summary>
    public void Delete(ResourceType type, string name, string? ns = null) =>
        _storage.Delete(_storage.Table(type), ns, name, null);

    /// <summary>Expires all versions and continue tokens that were given out. Running watches go on.</summary>
    public void Compact() => _storage.Compact();

    /// <summary>Sends a bookmark to all watches now.</summary>
    public void SendBookmarks() => _storage.Bookmark();

    /// <summary>How many watches of a kind are open.</summary>
    public int Watches(ResourceType type) => _storage.Watches(_storage.Table(type));

    /// <summary>Breaks all connections off.</summary>
    public void DropConnections() => _http.CutAll();

    /// <summary>Goes away: connections break and new ones are refused.</summary>
    public void Stop() => _http.Stop();

    /// <summary>Comes back on the same port.</summary>
    /// <param name="keepState">Whether the objects are still there. If not, versions count from the beginning.</param>
    public void Start(bool keepState = true)
    {
        if (!keepState)
        {
            _storage.Lose();
        }

        _http.Start();
    }

    /// <summary>Stops and starts at once.</summary>
    public void Restart(bool keepState = true)
    {
        Stop();
        Start(keepState);
    }

    public void Dispose() => _http.Dispose();

    private static JsonObject Without(JsonObject item, string metadata)
    {
        var copy = (JsonObject)item.DeepClone();
        (copy["metadata"] as JsonObject)?.Remove(metadata);
        return copy;
    }

    private static JsonObject With(JsonObject item, string name, JsonNode value)
    {
        var copy = (JsonObject)item.DeepClone();
        copy[name] = value.DeepClone();
        return copy;
    }

    private static byte[] Utf8(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node);
}
