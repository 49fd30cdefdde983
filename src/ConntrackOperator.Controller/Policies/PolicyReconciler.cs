using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Restores;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Policies;

/// <summary>Keeps one policy's finalizer and status.</summary>
internal sealed class PolicyReconciler
{
    private static readonly TimeSpan _lookAgain = TimeSpan.FromSeconds(5);

    private readonly ApiClient _api;
    private readonly ClusterCache _cluster;
    private readonly PolicyStatusAggregator _board;
    private readonly ControllerOptions _options;
    private readonly EventRecorder _events;
    private readonly IRuntimeLog _log;
    private readonly TimeProvider _time;
    private readonly Finalizer<ConntrackPolicy> _finalizer;
    private readonly MutationCache<ConntrackPolicy> _own;
    private readonly RefusedWrites _refusedFinalizers;
    private readonly RefusedWrites _refusedStatus;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string? Uid, long Since)> _deleting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _writtenAt = new(StringComparer.Ordinal);

    public PolicyReconciler(ApiClient api, ClusterCache cluster, PolicyStatusAggregator board, ControllerOptions options, EventRecorder events, IRuntimeLog log, TimeProvider time)
    {
        _api = api;
        _cluster = cluster;
        _board = board;
        _options = options;
        _events = events;
        _log = log;
        _time = time;
        _own = new MutationCache<ConntrackPolicy>(time);
        _refusedFinalizers = new RefusedWrites(time);
        _refusedStatus = new RefusedWrites(time);
        _finalizer = new Finalizer<ConntrackPolicy>(api, ResourceType.ConntrackPolicy, ApiJson.Default.ConntrackPolicy, ApiGroup.RestoreFinalizer);
    }

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        if (_cluster.Policy(name) is not { } policy)
        {
            _board.Forget(name);
            _cluster.ForgetPolicy(name);
            _own.Forget(name);
            _refusedFinalizers.Forget(name);
            _refusedStatus.Forget(name);
            lock (_lock)
            {
                _deleting.Remove(name);
                _writtenAt.Remove(name);
            }

            return ReconcileResult.Done;
        }

        try
        {
            if (policy.Metadata?.DeletionTimestamp is not null)
            {
                return await LetGoAsync(policy, name, ct);
            }

            if (!_finalizer.IsOn(policy) && _refusedFinalizers.Waits(name, policy.Metadata?.Generation) is null
                && await WriteFinalizerAsync(policy, name, _finalizer.EnsureAsync(policy, ct)) is { } isWritten)
            {
                // The change comes back by the watch and leads here again.
                return isWritten ? ReconcileResult.Done : ReconcileResult.Retry;
            }

            return Sooner(await WriteStatusAsync(policy, name, ct), _refusedFinalizers.Waits(name, policy.Metadata?.Generation)?.Left);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone meanwhile; the watch is about to say so, or else it is here again.
            return ReconcileResult.Retry;
        }
    }

    private async Task<ReconcileResult> LetGoAsync(ConntrackPolicy policy, string name, CancellationToken ct)
    {
        if (!_finalizer.IsOn(policy))
        {
            return ReconcileResult.Done;
        }

        long since;
        lock (_lock)
        {
            if (!_deleting.TryGetValue(name, out var begun) || begun.Uid != policy.Metadata!.Uid)
            {
                _deleting[name] = begun = (policy.Metadata!.Uid, _time.GetTimestamp());
            }

            since = begun.Since;
        }

        // Nodes that are not planned without the policy yet may not even be known to have its settings.
        var planning = _board.Snapshot(policy) is not { Pending: 0 };
        var waiting = PendingRestores.StillRestoring(name, _cluster);
        var left = _options.RestoreTimeout - _time.GetElapsedTime(since);
        if ((planning || waiting.Count > 0) && left > TimeSpan.Zero)
        {
            var again = left < _lookAgain ? left : _lookAgain;
            return await WriteStatusAsync(policy, name, ct) is { After: { } gap } && gap < again
                ? ReconcileResult.RequeueAfter(gap)
                : ReconcileResult.RequeueAfter(again);
        }

        if (_refusedFinalizers.Waits(name, policy.Metadata!.Generation) is null
            && await WriteFinalizerAsync(policy, name, _finalizer.RemoveAsync(policy, ct)) is false)
        {
            return ReconcileResult.Retry;
        }

        if (_refusedFinalizers.Waits(name, policy.Metadata!.Generation) is var (refused, _))
        {
            return Sooner(await WriteStatusAsync(policy, name, ct), refused);
        }

        var reference = Reference(policy);
        if (waiting.Count > 0)
        {
            _events.Record(reference, EventType.Warning, "RestoreTimedOut", "Restore",
                $"{waiting.Count} nodes had not put their settings back after {_options.RestoreTimeout.TotalSeconds:0} s: {string.Join("; ", waiting.Take(5).Select(Waits))}. They still do when they can.", "RestoreTimedOut");
        }
        else
        {
            _events.Record(reference, EventType.Normal, "Restored", "Restore", "every node that can be reached has put back what was there before");
        }

        return ReconcileResult.Done;
    }

    /// <summary>Sees the finalizer's write through. A refusal is for people to mend: they are told, and it is not tried again at once.</summary>
    /// <returns>Whether it is written, or met a conflict; null: somebody refused it.</returns>
    private async Task<bool?> WriteFinalizerAsync(ConntrackPolicy policy, string name, Task<bool> write)
    {
        try
        {
            var isWritten = await write;
            if (isWritten)
            {
                _refusedFinalizers.Forget(name);
            }

            return isWritten;
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refusedFinalizers.Refused(name, policy.Metadata!.Generation, e.Message);
            _log.Warn(FormattableString.Invariant($"The finalizer of ConntrackPolicy {name} was refused, again in {wait.TotalSeconds:0} s: {e.Message}"), e);
            _events.Record(Reference(policy), EventType.Warning, "FinalizerRefused", "Finalize", e.Message, "FinalizerRefused");
            return null;
        }
    }

    private string Waits(string node) => _cluster.ConntrackNode(node) is { } plan ? $"{node} ({RestoreWaitReason.Of(plan)})" : node;

    private static ReconcileResult Sooner(ReconcileResult result, TimeSpan? after) =>
        after is not { } wait || result.Failed || result.After <= wait ? result : ReconcileResult.RequeueAfter(wait);

    private async Task<ReconcileResult> WriteStatusAsync(ConntrackPolicy policy, string name, CancellationToken ct)
    {
        var generation = policy.Metadata!.Generation;
        var stored = _own.Newest(name, policy)?.Status;
        if (_board.Snapshot(policy) is not { } tally || (tally.Pending > 0 && generation is not null && stored?.ObservedGeneration == generation))
        {
            // A controller that has just begun knows less than the stored status does; the board calls again.
            return ReconcileResult.Done;
        }

        var status = PolicyStatusBuilder.Build(policy, stored, tally, _cluster.Errors(policy), _time.GetUtcNow());
        if (_refusedFinalizers.Waits(name, generation) is var (_, why))
        {
            status = PolicyStatusBuilder.Stalled(status, stored, "FinalizerRefused", why, _time.GetUtcNow());
        }

        var change = PolicyStatusBuilder.Compare(stored, status);
        if (change == StatusChange.None)
        {
            return ReconcileResult.Done;
        }

        if (_refusedStatus.Waits(name, generation) is var (left, _))
        {
            return ReconcileResult.RequeueAfter(left);
        }

        var gap = change == StatusChange.State ? _options.StatusGap : _options.UsageGap;
        lock (_lock)
        {
            if (_writtenAt.TryGetValue(name, out var at) && _time.GetElapsedTime(at) is var passed && passed < gap)
            {
                return ReconcileResult.RequeueAfter(gap - passed);
            }

            _writtenAt[name] = _time.GetTimestamp();
        }

        try
        {
            _own.Wrote(name, await _api.ApplyAsync(
                ResourceType.ConntrackPolicy, null, name,
                new ConntrackPolicy
                {
                    ApiVersion = ApiGroup.ApiVersion,
                    Kind = ConntrackPolicy.KindName,
                    Metadata = new ObjectMeta { Name = name, Uid = policy.Metadata.Uid },
                    Status = status,
                },
                ApiJson.Default.ConntrackPolicy, ControllerOptions.FieldManager, force: true, "status", ct));
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refusedStatus.Refused(name, generation, e.Message);
            _log.Warn(FormattableString.Invariant($"The status of ConntrackPolicy {name} was refused, again in {wait.TotalSeconds:0} s: {e.Message}"), e);
            _events.Record(Reference(policy), EventType.Warning, "StatusRefused", "Report", $"its status can't be written and is out of date: {e.Message}", "StatusRefused");
            return ReconcileResult.RequeueAfter(wait);
        }

        _refusedStatus.Forget(name);
        Announce(policy, stored, status);
        return ReconcileResult.Done;
    }

    private void Announce(ConntrackPolicy policy, PolicyStatus? before, PolicyStatus status)
    {
        var reference = Reference(policy);
        if (Became(before, status, "Ready") is { Reason: "AllNodesReady" } ready)
        {
            _events.Record(reference, EventType.Normal, "Applied", "Apply", ready.Message ?? string.Empty, "Applied");
        }

        if (Became(before, status, "Reconciling") is { Reason: "RolloutPaused" } paused)
        {
            _events.Record(reference, EventType.Warning, "RolloutPaused", "Rollout", paused.Message ?? string.Empty, "RolloutPaused");
        }

        if (Became(before, status, "Conflict") is { } conflict)
        {
            _events.Record(reference, EventType.Warning, "Conflict", "Plan", conflict.Message ?? string.Empty);
        }
    }

    /// <summary>The condition when it is true now and was not, or for another reason, or is about another generation.</summary>
    private static Condition? Became(PolicyStatus? before, PolicyStatus now, string type)
    {
        var condition = now.Conditions?.FirstOrDefault(c => c.Type == type);
        var old = before?.Conditions?.FirstOrDefault(c => c.Type == type);
        return condition?.Status == "True"
            && (old?.Status != "True" || old.Reason != condition.Reason || old.ObservedGeneration != condition.ObservedGeneration) ? condition : null;
    }

    private static ObjectReference Reference(ConntrackPolicy policy) =>
        ObjectReference.To(policy, ConntrackPolicy.KindName, ApiGroup.ApiVersion);
}
