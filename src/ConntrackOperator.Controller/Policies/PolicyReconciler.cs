using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Kubernetes.Work;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Policies;

/// <summary>Keeps one policy's finalizer and status.</summary>
internal sealed class PolicyReconciler
{
    private readonly ApiClient _api;
    private readonly ClusterView _cluster;
    private readonly PolicyBoard _board;
    private readonly ControllerOptions _options;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;
    private readonly Finalizer<ConntrackPolicy> _finalizer;
    private readonly Dictionary<string, (string? Uid, long Since)> _deleting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _writtenAt = new(StringComparer.Ordinal);

    public PolicyReconciler(ApiClient api, ClusterView cluster, PolicyBoard board, ControllerOptions options, EventRecorder events, TimeProvider time)
    {
        _api = api;
        _cluster = cluster;
        _board = board;
        _options = options;
        _events = events;
        _time = time;
        _finalizer = new Finalizer<ConntrackPolicy>(api, ResourceTypes.Policy, ApiJson.Default.ConntrackPolicy, ApiGroup.RestoreFinalizer);
    }

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        if (_cluster.Policy(name) is not { } policy)
        {
            _board.Forget(name);
            lock (_deleting)
            {
                _deleting.Remove(name);
                _writtenAt.Remove(name);
            }

            return ReconcileResult.Done;
        }

        if (policy.Metadata?.DeletionTimestamp is not null)
        {
            return await LetGoAsync(policy, name, ct);
        }

        if (!_finalizer.IsOn(policy))
        {
            // The change comes back by the watch and leads here again.
            return await _finalizer.EnsureAsync(policy, ct) ? ReconcileResult.Done : ReconcileResult.Retry;
        }

        return await WriteStatusAsync(policy, name, ct);
    }

    private async Task<ReconcileResult> LetGoAsync(ConntrackPolicy policy, string name, CancellationToken ct)
    {
        if (!_finalizer.IsOn(policy))
        {
            return ReconcileResult.Done;
        }

        long since;
        lock (_deleting)
        {
            if (!_deleting.TryGetValue(name, out var begun) || begun.Uid != policy.Metadata!.Uid)
            {
                _deleting[name] = begun = (policy.Metadata!.Uid, _time.GetTimestamp());
            }

            since = begun.Since;
        }

        var waiting = RestoreWatch.StillRestoring(name, _cluster);
        var left = _options.RestoreTimeout - _time.GetElapsedTime(since);
        if (waiting.Count > 0 && left > TimeSpan.Zero)
        {
            await WriteStatusAsync(policy, name, ct);
            return ReconcileResult.RequeueAfter(left < TimeSpan.FromSeconds(5) ? left : TimeSpan.FromSeconds(5));
        }

        var reference = Reference(policy);
        if (waiting.Count > 0)
        {
            _events.Record(reference, EventType.Warning, "RestoreTimedOut", "Restore",
                $"{waiting.Count} nodes had not put their settings back after {_options.RestoreTimeout.TotalSeconds:0} s: {string.Join(", ", waiting.Take(5))}. They still do when they can.", "RestoreTimedOut");
        }
        else
        {
            _events.Record(reference, EventType.Normal, "Restored", "Restore", "every node that can be reached has put back what was there before");
        }

        return await _finalizer.RemoveAsync(policy, ct) ? ReconcileResult.Done : ReconcileResult.Retry;
    }

    private async Task<ReconcileResult> WriteStatusAsync(ConntrackPolicy policy, string name, CancellationToken ct)
    {
        var errors = PolicyValidator.Validate(policy);
        var status = PolicyStatusBuilder.Build(policy, _board.Snapshot(name), errors, _time.GetUtcNow());
        var change = PolicyStatusBuilder.Compare(policy.Status, status);
        if (change == StatusChange.None)
        {
            return ReconcileResult.Done;
        }

        var gap = change == StatusChange.State ? _options.StatusGap : _options.UsageGap;
        lock (_deleting)
        {
            if (_writtenAt.TryGetValue(name, out var at) && _time.GetElapsedTime(at) is var passed && passed < gap)
            {
                return ReconcileResult.RequeueAfter(gap - passed);
            }

            _writtenAt[name] = _time.GetTimestamp();
        }

        await _api.ApplyAsync(
            ResourceTypes.Policy, null, name,
            new ConntrackPolicy
            {
                ApiVersion = ApiGroup.ApiVersion,
                Kind = ConntrackPolicy.KindName,
                Metadata = new ObjectMeta { Name = name, Uid = policy.Metadata!.Uid },
                Status = status,
            },
            ApiJson.Default.ConntrackPolicy, ControllerOptions.FieldManager, force: true, "status", ct);
        Announce(policy, status);
        return ReconcileResult.Done;
    }

    private void Announce(ConntrackPolicy policy, PolicyStatus status)
    {
        var reference = Reference(policy);
        if (Became(policy.Status, status, "Ready") is { Reason: "AllNodesReady" } ready)
        {
            _events.Record(reference, EventType.Normal, "Applied", "Apply", ready.Message ?? string.Empty, "Applied");
        }

        if (Became(policy.Status, status, "Conflict") is { } conflict)
        {
            _events.Record(reference, EventType.Warning, "Conflict", "Plan", conflict.Message ?? string.Empty);
        }
    }

    /// <summary>The condition when it is true now and was not, or is about another generation.</summary>
    private static Condition? Became(PolicyStatus? before, PolicyStatus now, string type)
    {
        var condition = now.Conditions?.FirstOrDefault(c => c.Type == type);
        var old = before?.Conditions?.FirstOrDefault(c => c.Type == type);
        return condition?.Status == "True" && (old?.Status != "True" || old.ObservedGeneration != condition.ObservedGeneration) ? condition : null;
    }

    private static ObjectReference Reference(ConntrackPolicy policy) =>
        ObjectReference.To(policy, ConntrackPolicy.KindName, ApiGroup.ApiVersion);
}
