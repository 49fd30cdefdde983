using System.Collections.Concurrent;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Simulation;

/// <summary>Stands for the agents of all nodes: reports that each plan was applied, unless told otherwise.</summary>
internal sealed class SimulatedFleet : IAsyncDisposable
{
    public static readonly ResourceType Type = ResourceType.ConntrackNode;

    private readonly ApiClient _api;
    private readonly Informer<ConntrackNode> _watcher;
    private readonly WorkQueue<string> _queue = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (int Percent, long Drops)> _usage = new();
    private readonly ConcurrentDictionary<string, int> _reported = new();
    private readonly Task _running;
    private long _reports;

    public SimulatedFleet(ApiClient api)
    {
        _api = api;
        _watcher = new Informer<ConntrackNode>(api, Type, ApiJson.Default.ConntrackNode);
        _watcher.Changed += change => _queue.Add(change.Key.Name);
        _running = Task.WhenAll(
            _watcher.RunAsync(_stop.Token),
            new Reconciler<string>(_queue, ReportAsync, new ReconcilerOptions { Workers = 8 }).RunAsync(_stop.Token));
    }

    /// <summary>Whether the agent of a node is there.</summary>
    public Func<string, bool> IsThere { get; set; } = _ => true;

    /// <summary>Whether the agent of a node puts back what is to be restored.</summary>
    public Func<string, bool> Restores { get; set; } = _ => true;

    /// <summary>How a setting turns out on a node; null: in sync.</summary>
    public Func<string, NodeSetting, SettingStatus?> Outcome { get; set; } = (_, _) => null;

    /// <summary>Reports that were taken.</summary>
    public long Reports => Interlocked.Read(ref _reports);

    /// <summary>Lets a node report another usage.</summary>
    public void Use(string node, int percent, long drops = 0)
    {
        _usage[node] = (percent, drops);
        _queue.Add(node);
    }

    /// <summary>Looks at a node again, after one of the functions changed.</summary>
    public void Wake(string node) => _queue.Add(node);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _queue.Dispose();
        _stop.Dispose();
    }

    private async Task<ReconcileResult> ReportAsync(string name, CancellationToken ct)
    {
        if (!IsThere(name) || !_watcher.Store.TryGet(name, out var node))
        {
            return ReconcileResult.Done;
        }

        var status = Status(name, node);
        var hash = HashCode.Combine(
            node.Metadata!.Uid, status.ObservedGeneration, status.Table, status.Rates, string.Join(';', status.Settings!));
        if (node.Status is not null && _reported.TryGetValue(name, out var last) && last == hash)
        {
            return ReconcileResult.Done;
        }

        try
        {
            await _api.ApplyAsync(
                Type, null, name,
                new ConntrackNode
                {
                    ApiVersion = ApiGroup.ApiVersion,
                    Kind = ConntrackNode.KindName,
                    Metadata = new ObjectMeta { Name = name, Uid = node.Metadata.Uid },
                    Status = status,
                },
                ApiJson.Default.ConntrackNode, "conntrack-agent", force: true, "status", ct);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            return ReconcileResult.Done;
        }

        _reported[name] = hash;
        Interlocked.Increment(ref _reports);
        return ReconcileResult.Done;
    }

    private NodeStatus Status(string name, ConntrackNode node)
    {
        var settings = (node.Spec?.Settings ?? []).ConvertAll(s => Outcome(name, s) ?? new SettingStatus
        {
            Name = s.Name,
            Desired = s.Value,
            Actual = s.Value,
            Original = 1,
            Policy = s.Policy,
            State = SettingState.InSync,
        });
        if (!Restores(name))
        {
            foreach (var old in node.Status?.Settings ?? [])
            {
                if (!settings.Exists(s => s.Name == old.Name))
                {
                    settings.Add(old with { Desired = null, State = SettingState.Failed, Message = "can't be put back" });
                }
            }
        }

        var (percent, drops) = _usage.GetValueOrDefault(name, (10, 0));
        var level = drops > 0 || percent >= 90 ? "Critical" : percent >= 75 ? "Warning" : "Normal";
        return new NodeStatus
        {
            ObservedGeneration = node.Metadata!.Generation,
            Conditions =
            [
                new Condition
                {
                    Type = "Applied",
                    Status = "True",
                    Reason = "InSync",
                    Message = "as planned",
                    LastTransitionTime = DateTimeOffset.UnixEpoch,
                },
                new Condition
                {
                    Type = "Pressure",
                    Status = level == "Normal" ? "False" : "True",
                    Reason = level,
                    Message = $"{percent}% full",
                    LastTransitionTime = DateTimeOffset.UnixEpoch,
                },
            ],
            Table = new TableStatus
            {
                Entries = percent * 1000,
                Limit = 100_000,
                Buckets = 100_352,
                Percent = percent,
                MemoryBytes = 1,
                Memory = "1",
            },
            Rates = new RatesStatus { TableFullDropsPerMinute = drops, EarlyDropsPerMinute = 0, RacesLostPerMinute = 0 },
            Settings = settings,
            Top = percent >= 75 ? new TopStatus { Sources = [new TopSource { Address = "10.244.0.9", Percent = 40 }] } : null,
            ReportedAt = TimeProvider.System.GetUtcNow(),
        };
    }
}
