using System.Diagnostics;
using ConntrackOperator.Agent.Health;
using ConntrackOperator.Agent.Logging;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Netfilter;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Loop;

/// <summary>
/// The agent's one loop: takes the newest plan, brings the kernel to it, observes, offers a report. It turns when a plan
/// arrives and at every interval, and goes on with the plan it has while the API server is away.
/// </summary>
internal sealed class AgentLoop : IDisposable
{
    /// <summary>Somebody waits for a flush to end.</summary>
    private static readonly TimeSpan _whileFlushing = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// From the first reading of the counters to the second; <see cref="Netfilter.Counters.RateMeter"/> wants half a second.
    /// </summary>
    private static readonly TimeSpan _untilRates = TimeSpan.FromMilliseconds(600);

    private readonly NodeEngine _engine;
    private readonly Informer<ConntrackNode> _watcher;
    private readonly Reporter _reporter;
    private readonly AgentHealth _health;
    private readonly AgentOptions _options;
    private readonly AgentMetrics _metrics;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SettingState?> _told = new(StringComparer.Ordinal);
    private ConntrackNode? _node;
    private bool _nodeArrived;
    private string? _uid;
    private CachedPlan? _unsaved;
    private bool _stateBroken;
    private bool _waitsForRates = true;

    public AgentLoop(
        NodeEngine engine, Informer<ConntrackNode> watcher, Reporter reporter, AgentHealth health, AgentMetrics metrics,
        AgentOptions options, ILogger log, TimeProvider time)
    {
        _engine = engine;
        _reporter = reporter;
        _health = health;
        _metrics = metrics;
        _options = options;
        _log = log;
        _time = time;
        _watcher = watcher;
        watcher.Changed += Arrived;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Turn();
            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>One turn.</summary>
    internal void Turn()
    {
        // A turn that nothing came for is not worth a trace: there is one every two seconds.
        using var span = HasArrived() ? AgentMetrics.Spans.StartActivity("apply plan") : null;
        // What can't be kept on the disk is no reason to leave the kernel as it is: the engine knows what it may still write.
        var kept = Try(TakeNode) & Try(Keep);
        kept &= Try(Enforce);
        kept &= Try(() => _engine.Flush());
        if (kept && _stateBroken)
        {
            _log.StateWritableAgain(_options.Engine.StatePath);
        }

        _stateBroken = !kept;
        var reading = _engine.Observe();
        if (_engine.Scan(reading))
        {
            _metrics.Scanned(_engine.Latest!.Took, _engine.Latest.IsCount);
            // Once a minute, some milliseconds: on thousands of nodes the scan's memory is worth more back with the kernel.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        var status = _engine.Status(reading, _reporter.Conditions);
        _metrics.Show(reading, status, _engine.Latest?.Breakdown, _engine.FlushedEntries, _engine.Outlook(reading));
        Tell(status);
        // The first report is what a rollout holds against what a node loses later: it waits for the second reading.
        _waitsForRates = _waitsForRates && reading is { Counters: not null, Rates: null };
        if (!_waitsForRates)
        {
            _reporter.Offer(status);
        }

        _health.Loop.Mark();
    }

    public void Dispose() => _arrived.Dispose();

    private void Enforce()
    {
        // A disk that keeps nothing more stops some of it; what could be done was done.
        _health.Enforced |= _engine.Plan is not null;
        var begun = _time.GetTimestamp();
        if (_engine.Enforce())
        {
            _metrics.Applied(_time.GetElapsedTime(begun));
        }
    }

    private bool Try(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            if (!_stateBroken)
            {
                _log.StateNotWritable(e, _options.Engine.StatePath);
            }

            return false;
        }
    }

    /// <summary>Puts the plan that arrived in force, and on the disk when that did not work at once.</summary>
    private void Keep()
    {
        if (_unsaved is { } plan)
        {
            _engine.SetPlan(plan);
            _unsaved = null;
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(_engine.IsFlushing ? _whileFlushing : _waitsForRates ? _untilRates : _options.Interval, _time, tick.Token);
        var arrival = _arrived.WaitAsync(tick.Token);
        await Task.WhenAny(delay, arrival);
        await tick.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Arrived(WatchChange<ConntrackNode> change)
    {
        lock (_lock)
        {
            if (change.Kind == WatchChangeKind.Modified && change.Old?.Metadata?.Generation == change.New?.Metadata?.Generation
                && change.Old?.Metadata?.Uid == change.New?.Metadata?.Uid)
            {
                // The agent's own report coming back.
                return;
            }

            _node = change.New;
            _nodeArrived = true;
            if (_arrived.CurrentCount == 0)
            {
                _arrived.Release();
            }
        }
    }

    private bool HasArrived()
    {
        lock (_lock)
        {
            return _nodeArrived;
        }
    }

    private void TakeNode()
    {
        ConntrackNode? node;
        lock (_lock)
        {
            if (!_nodeArrived)
            {
                AdoptNothing();
                return;
            }

            (node, _nodeArrived) = (_node, false);
        }

        if (node?.Spec is null)
        {
            Gone(node);
            return;
        }

        if (_uid != node.Metadata?.Uid)
        {
            _uid = node.Metadata?.Uid;
            var adopted = _engine.Adopt(node.Status);
            if (adopted > 0)
            {
                _log.OriginalsAdopted(adopted);
            }

            _reporter.Adopt(_uid, node.Status);
        }

        Activity.Current?.SetTag("conntrack.plan.generation", node.Metadata?.Generation)
            .SetTag("conntrack.plan.settings", node.Spec.Settings?.Count ?? 0);
        _log.PlanArrived(node.Metadata?.Generation, node.Spec.Settings?.Count ?? 0);
        _unsaved = new CachedPlan { Node = _options.NodeName, Uid = _uid, Generation = node.Metadata?.Generation, Spec = node.Spec };
    }

    /// <summary>The API server was asked and has no object of this node: there is no status to wait for.</summary>
    private void AdoptNothing()
    {
        if (_engine.Originals.AwaitsStatus && _watcher is { HasSynced: true, Store.Count: 0 })
        {
            _engine.Adopt(null);
        }
    }

    /// <summary>
    /// The controller deletes the object once everything is put back. Deleted while a plan was in force, it is a mistake, and the plan
    /// stays.
    /// </summary>
    private void Gone(ConntrackNode? node)
    {
        _uid = null;
        _engine.Adopt(node?.Status);
        _reporter.ObjectGone();
        if ((_unsaved ?? _engine.Plan)?.Spec?.Settings is null or { Count: 0 })
        {
            // Until all is put back the empty plan is what says so.
            if (_unsaved is null && _engine.AllRestored)
            {
                _engine.ForgetPlan();
            }
        }
        else
        {
            _log.NodeObjectGone(_options.NodeName);
        }
    }

    /// <summary>Logs what changed its state.</summary>
    private void Tell(NodeStatus status)
    {
        foreach (var setting in status.Settings ?? [])
        {
            if (_told.TryGetValue(setting.Name!, out var before) && before == setting.State)
            {
                continue;
            }

            _told[setting.Name!] = setting.State;
            if (setting.State is SettingState.InSync)
            {
                _log.SettingInSync(setting.Name, setting.Actual);
            }
            else if (setting.Message is { } reason)
            {
                _log.SettingStateBecause(setting.Name, setting.State?.ToString(), reason);
            }
            else
            {
                _log.SettingState(setting.Name, setting.State?.ToString());
            }
        }
    }
}
