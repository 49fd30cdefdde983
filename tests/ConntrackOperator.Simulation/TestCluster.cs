using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Simulation;

/// <summary>What a test does to a cluster and sees of it, with a client of its own.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    public const string Namespace = "conntrack-system";

    private readonly Dictionary<string, ConntrackPolicy> _applied = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<DaemonSetObject> _daemonSets;
    private readonly ClusterCache _view;
    private readonly Task _running;

    public TestCluster(ApiClient api)
    {
        Api = api;
        _view = new ClusterCache(api, NullLogger.Instance, TimeProvider.System);
        _daemonSets = new(api, ResourceType.DaemonSet, ClusterJson.Default.DaemonSetObject, new() { Namespace = Namespace });
        _running = Task.WhenAll([.. _view.Parts.Select(part => part.Run(_stop.Token)), _daemonSets.RunAsync(_stop.Token)]);
    }

    /// <summary>The kinds that the fake API server has to serve for the controller.</summary>
    public static FakeResource[] Kinds { get; } =
    [
        new(ResourceType.ConntrackPolicy),
        new FakeResource(ResourceType.ConntrackNode).WithAtomic("spec", "status"),
        new(ResourceType.ConntrackFlush),
        new(ResourceType.DaemonSet),
        new(ResourceType.Deployment),
    ];

    public ApiClient Api { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public ConntrackNode? Plan(string node) => _view.ConntrackNode(node);

    /// <summary>Every change of a ConntrackNode, in the order in which they happened.</summary>
    public Informer<ConntrackNode> PlanWatcher => _view.ConntrackNodes;

    public IEnumerable<ConntrackNode> Plans => _view.ConntrackNodes.Store.Snapshot.Values;

    public ConntrackPolicy? Policy(string name) => _view.Policy(name);

    public DaemonSetObject? DaemonSet(string name = "conntrack-agent") =>
        _daemonSets.Store.TryGet(name, out var found, Namespace) ? found : null;

    public ConntrackFlush? Flush(string name) => _view.Flushes.Store.TryGet(name, out var flush) ? flush : null;

    /// <summary>A planned value; null: none.</summary>
    public long? Planned(string node, string setting) => Plan(node)?.Spec?.Settings?.Find(s => s.Name == setting)?.Value;

    /// <summary>A condition as "True AllNodesReady".</summary>
    public string? Condition(string policy, string type) =>
        Policy(policy)?.Status?.Conditions?.Find(c => c.Type == type) is { } condition ? $"{condition.Status} {condition.Reason}" : null;

    /// <summary>Ready, for the generation that the policy has now.</summary>
    /// <summary>
    /// Whether the policy as it was last applied here is said to be ready. Policies and nodes are watched apart from each other: a
    /// plan may be seen before the edit that it comes from.
    /// </summary>
    public bool IsReady(string policy) =>
        Policy(policy) is { } p && !IsBehind(p) && p.Status?.ObservedGeneration == p.Metadata!.Generation
            && Condition(policy, "Ready") == "True AllNodesReady"
        && p.Status!.Conditions!.TrueForAll(c => c.ObservedGeneration == p.Metadata.Generation);

    public async Task CreateNodeAsync(string name, string? labels = null, bool ready = true, string memory = "16Gi")
    {
        await Api.CreateAsync(
            ResourceType.Node, null,
            new NodeObject { ApiVersion = "v1", Kind = "Node", Metadata = new ObjectMeta { Name = name, Labels = Labels(labels) } },
            ClusterJson.Default.NodeObject, Token);
        await MergeAsync(ResourceType.Node, name, $$"""
            {"status":{"capacity":{"cpu":"4","memory":"{{memory}}"},"conditions":[{"type":"Ready","status":"{{ready}}"}]} }
            """, "status");
    }

    public Task SetReadyAsync(string node, bool ready) =>
        MergeAsync(ResourceType.Node, node, $$"""{"status":{"conditions":[{"type":"Ready","status":"{{ready}}"}]} }""", "status");

    /// <summary>Creates a policy, or changes its spec to this.</summary>
    private bool IsBehind(ConntrackPolicy seen) =>
        _applied.TryGetValue(seen.Metadata!.Name!, out var applied) && seen.Metadata.Uid == applied.Metadata!.Uid
            && seen.Metadata.Generation < applied.Metadata.Generation;

    public async Task<ConntrackPolicy> ApplyAsync(string name, string spec)
    {
        var body = (JsonObject)JsonNode.Parse(
            $$"""{"apiVersion":"conntrack.dev/v1alpha1","kind":"ConntrackPolicy","metadata":{"name":"{{name}}"},"spec":{{spec}} }""")!;
        await Api.ApplyAsync(
            ResourceType.ConntrackPolicy, null, name, body, ClusterJson.Default.JsonObject, "test", force: true, null, Token);
        var policy = await Api.GetAsync(ResourceType.ConntrackPolicy, null, name, ApiJson.Default.ConntrackPolicy, Token);
        _applied[name] = policy;
        return policy;
    }

    public Task MergeAsync(ResourceType type, string name, string patch, string? subresource = null, string? ns = null) => Api.PatchAsync(
        type, ns, name, PatchKind.Merge, Encoding.UTF8.GetBytes(patch), ClusterJson.Default.JsonObject, subresource, Token, "somebody");

    public Task DeleteAsync(ResourceType type, string name, string? ns = null) => Api.DeleteAsync(type, ns, name, null, null, Token);

    /// <summary>The reasons of an object's events.</summary>
    public async Task<List<string>> EventsAsync(string name)
    {
        var list = await Api.ListAsync(ResourceType.Event, "default", new(), SimulationJson.Default.EventLine, Token);
        return [.. list.Items.Where(e => e.Regarding?.Name == name).Select(e => e.Reason ?? "")];
    }

    /// <summary>Waits for an event.</summary>
    public async Task EventAsync(string name, string reason)
    {
        for (var i = 0; i < 200; i++)
        {
            if ((await EventsAsync(name)).Contains(reason))
            {
                return;
            }

            await Task.Delay(50, Token);
        }

        Assert.Fail($"no event {reason} of {name}, only {string.Join(", ", await EventsAsync(name))}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static Dictionary<string, string>? Labels(string? text) =>
        text?.Split(',').Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);
}
