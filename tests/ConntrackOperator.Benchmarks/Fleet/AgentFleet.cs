using System.Globalization;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Benchmarks.Fleet;

/// <summary>
/// The agents of all nodes in one process: each applies its plan at once and reports as a real one does, with all that a report can hold.
/// </summary>
internal sealed class AgentFleet : IAsyncDisposable
{
    private static readonly ResourceType _type = ResourceType.ConntrackNode;

    private readonly CancellationTokenSource _stop = new();
    private readonly WorkQueue<string> _queue = new(null, TimeProvider.System);
    private readonly Informer<ConntrackNode> _watcher;
    private readonly ApiClient _api;
    private readonly Task _running;
    private long _reports;
    private long _bytes;

    public AgentFleet(ApiClient api)
    {
        _api = api;
        _watcher = new Informer<ConntrackNode>(api, _type, ApiJson.Default.ConntrackNode);
        _watcher.Changed += change =>
        {
            if (change.New is { Metadata: { } metadata, Status: var status } && status?.ObservedGeneration != metadata.Generation)
            {
                _queue.Add(metadata.Name!);
            }
        };
        _running = Task.WhenAll(
            _watcher.RunAsync(_stop.Token),
            new Reconciler<string>(_queue, ReportAsync, new ReconcilerOptions { Workers = 16 }).RunAsync(_stop.Token));
    }

    /// <summary>Reports that were taken.</summary>
    public long Reports => Interlocked.Read(ref _reports);

    /// <summary>What one of the objects weighs as JSON, in bytes, without managedFields.</summary>
    public long ObjectBytes => Interlocked.Read(ref _bytes);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _queue.Dispose();
        _stop.Dispose();
    }

    private async Task<ReconcileResult> ReportAsync(string name, CancellationToken ct)
    {
        if (!_watcher.Store.TryGet(name, out var node) || node.Status?.ObservedGeneration == node.Metadata!.Generation)
        {
            return ReconcileResult.Done;
        }

        try
        {
            var stored = await _api.ApplyAsync(
                _type, null, name,
                new ConntrackNode
                {
                    ApiVersion = ApiGroup.ApiVersion,
                    Kind = ConntrackNode.KindName,
                    Metadata = new ObjectMeta { Name = name, Uid = node.Metadata.Uid },
                    Status = Report(name, node),
                },
                ApiJson.Default.ConntrackNode, "conntrack-agent", force: true, "status", ct);
            Interlocked.Exchange(
                ref _bytes, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(stored, ApiJson.Default.ConntrackNode).Length);
            Interlocked.Increment(ref _reports);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // The watch is about to tell.
        }

        return ReconcileResult.Done;
    }

    private static NodeStatus Report(string name, ConntrackNode node)
    {
        var number = name.GetHashCode(StringComparison.Ordinal) & 0xffff;
        var (now, generation) = (TimeProvider.System.GetUtcNow(), node.Metadata!.Generation);
        var limit = node.Spec?.Settings?.Find(s => s.Name == "nf_conntrack_max")?.Value ?? 262_144;
        var percent = 20 + (number % 50);
        Condition Say(string type, bool yes, string reason, string message) => new()
        {
            Type = type,
            Status = yes ? "True" : "False",
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = now,
        };
        return new NodeStatus
        {
            ObservedGeneration = generation,
            Conditions =
            [
                Say("Ready", true, "InSync", $"the kernel holds {node.Spec?.Settings?.Count} of {node.Spec?.Settings?.Count} settings"),
                Say("Applied", true, "InSync", $"the kernel holds {node.Spec?.Settings?.Count} of {node.Spec?.Settings?.Count} settings"),
                Say("Drifted", false, "NoDrift", "nothing else has overwritten a setting since the agent started"),
                Say("Pressure", false, "Normal", $"{limit * percent / 100} of {limit} entries, {percent}% full"),
            ],
            Table = new TableStatus
            {
                Entries = (limit * percent / 100) + number,
                Limit = limit,
                Buckets = limit,
                Percent = percent,
                MemoryBytes = limit * 328,
                Memory = $"{limit * 328 >> 20}Mi",
            },
            Rates = new RatesStatus
            {
                TableFullDropsPerMinute = 0,
                RacesLostPerMinute = number % 3,
                EarlyDropsPerMinute = 0,
                OverSeconds = 60,
            },
            Settings =
            [
                .. (node.Spec?.Settings ?? []).Select((s, i) => new SettingStatus
                {
                    Name = s.Name,
                    Desired = s.Value,
                    Actual = s.Value,
                    // What was there before differs from node to node in some of them.
                    Original = i < 4 ? number + i : i,
                    Policy = s.Policy,
                    State = s.Mode == Api.Policies.PolicyMode.Observe ? SettingState.Observed : SettingState.InSync,
                }),
            ],
            Composition = new CompositionStatus
            {
                Sampled = 50_000,
                ErrorBoundPercent = 0.6,
                UnrepliedPercent = 3,
                AssuredPercent = 90,
                At = now,
                States = [
                    .. Enumerable.Range(0, 10)
                        .Select(
                            i => new StateShareStatus
                            {
                                Protocol = i < 7 ? "tcp" : "udp",
                                State = $"STATE_{i}",
                                Percent = 10,
                                IdleP50 = "12s",
                                IdleP90 = $"{number}s",
                            })],
            },
            Top = new TopStatus
            {
                Sources = [.. Enumerable.Range(1, 5).Select(i => new TopSource { Address = Address(number, i), Percent = 9 - i })],
                Destinations = [
                    .. Enumerable.Range(1, 5)
                        .Select(
                            i => new TopDestination { Address = Address(number + 7, i), Port = 443, Protocol = "tcp", Percent = 9 - i })],
            },
            Advice = number % 4 == 0
                ? $"76% of entries are ESTABLISHED and idle for over 2h: timeouts.tcp.established 2h would free about {number * 10} "
                + "entries" : null,
            AdviceReason = number % 4 == 0 ? "ShorterTimeout" : null,
            AdviceSeverity = number % 4 == 0 ? "Hint" : null,
            Node = new NodeFactsStatus
            {
                Kernel = "6.18.5-cloud-amd64",
                BootId = Guid.NewGuid().ToString(),
                NetworkNamespace = "4026531840",
                Cores = 16,
                MemoryBytes = 68_719_476_736,
                AgentVersion = "0.1.0",
            },
            ReportedAt = now,
        };
    }

    private static string Address(int number, int i) =>
        string.Create(CultureInfo.InvariantCulture, $"10.{(number >> 8) & 255}.{number & 255}.{i}");
}
