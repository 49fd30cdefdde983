using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Restores;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Policies;

/// <summary>Keeps one policy's finalizer and status.</summary>
internal sealed class PolicyReconciler
{
    private static readonly TimeSpan _checkAgainAfter = TimeSpan.FromSeconds(5);

    private readonly ControllerContext _context;
    private readonly PolicyStatusAggregator _aggregator;
    private readonly Finalizer<ConntrackPolicy> _finalizer;
    private readonly MutationCache<ConntrackPolicy> _mutations;
    private readonly RefusedWrites _refusedFinalizers;
    private readonly RefusedWrites _refusedStatus;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string? Uid, long Since)> _deleting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _writtenAt = new(StringComparer.Ordinal);

    public PolicyReconciler(ControllerContext context, PolicyStatusAggregator aggregator)
    {
        _context = context;
        _aggregator = aggregator;
        _mutations = new MutationCache<ConntrackPolicy>(context.Time);
        _refusedFinalizers = new RefusedWrites(context.Time);
        _refusedStatus = new RefusedWrites(context.Time);
        _finalizer = new Finalizer<ConntrackPolicy>(
            context.Api, ResourceType.ConntrackPolicy, ApiJson.Default.ConntrackPolicy, ApiGroup.RestoreFinalizer);
    }

    /// <summary>One pass over one policy.</summary>
    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_context.Cluster.Policy(name) is not { } policy)
        {
            _aggregator.Forget(name);
            _context.Cluster.ForgetPolicy(name);
            _mutations.Forget(name);
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
                return await FinalizeAsync(policy, name, cancellationToken);
            }

            if (!_finalizer.IsOn(policy) && _refusedFinalizers.Waits(name, policy.Metadata?.Generation) is null
                && await WriteFinalizerAsync(policy, name, _finalizer.EnsureAsync(policy, cancellationToken)) is { } isWritten)
            {
                // The change comes back by the watch and leads here again.
                return isWritten ? ReconcileResult.Done : ReconcileResult.Retry;
            }

            return Sooner(
                await WriteStatusAsync(policy, name, cancellationToken), _refusedFinalizers.Waits(name, policy.Metadata?.Generation)?.Left);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone meanwhile; the watch is about to say so, or else it is here again.
            return ReconcileResult.Retry;
        }
    }

    private async Task<ReconcileResult> FinalizeAsync(ConntrackPolicy policy, string name, CancellationToken cancellationToken)
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
                _deleting[name] = begun = (policy.Metadata!.Uid, _context.Time.GetTimestamp());
            }

            since = begun.Since;
        }

        // Nodes that are not planned without the policy yet may not even be known to have its settings.
        var planning = _aggregator.Snapshot(policy) is not { Pending: 0 };
        var waiting = PendingRestores.StillRestoring(name, _context.Cluster);
        var left = _context.Options.RestoreTimeout - _context.Time.GetElapsedTime(since);
        if ((planning || waiting.Count > 0) && left > TimeSpan.Zero)
        {
            var again = left < _checkAgainAfter ? left : _checkAgainAfter;
            return await WriteStatusAsync(policy, name, cancellationToken) is { After: { } gap } && gap < again
                ? ReconcileResult.RequeueAfter(gap)
                : ReconcileResult.RequeueAfter(again);
        }

        if (_refusedFinalizers.Waits(name, policy.Metadata!.Generation) is null
            && await WriteFinalizerAsync(policy, name, _finalizer.RemoveAsync(policy, cancellationToken)) is false)
        {
            return ReconcileResult.Retry;
        }

        if (_refusedFinalizers.Waits(name, policy.Metadata!.Generation) is var (refused, _))
        {
            return Sooner(await WriteStatusAsync(policy, name, cancellationToken), refused);
        }

        var reference = Reference(policy);
        if (waiting.Count > 0)
        {
            _context.Events.Record(reference, EventType.Warning, EventReasons.RestoreTimedOut, EventActions.Restore,
                $"{waiting.Count} nodes had not put their settings back after {_context.Options.RestoreTimeout.TotalSeconds:0} s: "
                    + $"{string.Join("; ", waiting.Take(5).Select(Waits))}. They still do when they can.", EventReasons.RestoreTimedOut);
        }
        else if (policy.Spec?.OnDelete == RemovalPolicy.Keep)
        {
            _context.Events.Record(
                reference, EventType.Normal, "Kept", "Restore",
                "its settings are left as they are, since it said onDelete: Keep, where no other policy sets them");
        }
        else
        {
            _context.Events.Record(
                reference, EventType.Normal, EventReasons.Restored, EventActions.Restore,
                "every node that can be reached has put back what was there before");
        }

        return ReconcileResult.Done;
    }

    /// <summary>
    /// Sees the finalizer's write through. A refusal is for people to mend: they are told, and it is not tried again at once.
    /// </summary>
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
            _context.Log.FinalizerRefused(e, name, wait.TotalSeconds, e.Message);
            _context.Events.Record(
                Reference(policy), EventType.Warning, EventReasons.FinalizerRefused, EventActions.Finalize, e.Message,
                EventReasons.FinalizerRefused);
            return null;
        }
    }

    private string Waits(string node) => _context.Cluster.ConntrackNode(node) is { } plan ? $"{node} ({RestoreWaitReason.Of(plan)})" : node;

    private static ReconcileResult Sooner(ReconcileResult result, TimeSpan? after) =>
        after is not { } wait || result.Failed || result.After <= wait ? result : ReconcileResult.RequeueAfter(wait);

    private async Task<ReconcileResult> WriteStatusAsync(ConntrackPolicy policy, string name, CancellationToken cancellationToken)
    {
        var generation = policy.Metadata!.Generation;
        var stored = _mutations.Newest(name, policy)?.Status;
        if (_aggregator.Snapshot(policy) is not { } aggregate
            || (aggregate.Pending > 0 && generation is not null && stored?.ObservedGeneration == generation))
        {
            // A controller that has just begun knows less than the stored status does; the aggregator requeues it.
            return ReconcileResult.Done;
        }

        var status = PolicyStatusBuilder.Build(policy, stored, aggregate, _context.Cluster.Errors(policy), _context.Time.GetUtcNow());
        if (_refusedFinalizers.Waits(name, generation) is var (_, why))
        {
            status = PolicyStatusBuilder.Stalled(status, stored, PolicyConditionReasons.FinalizerRefused, why, _context.Time.GetUtcNow());
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

        var gap = change == StatusChange.State ? _context.Options.StatusGap : _context.Options.UsageGap;
        lock (_lock)
        {
            if (_writtenAt.TryGetValue(name, out var at) && _context.Time.GetElapsedTime(at) is var passed && passed < gap)
            {
                return ReconcileResult.RequeueAfter(gap - passed);
            }

            _writtenAt[name] = _context.Time.GetTimestamp();
        }

        try
        {
            var stated = ApplyEnvelope.Policy(new ObjectMeta { Name = name, Uid = policy.Metadata.Uid }) with { Status = status };
            _mutations.Wrote(
                name,
                await _context.ApplyAsync(
                    ResourceType.ConntrackPolicy, null, name, stated, ApiJson.Default.ConntrackPolicy, "status", cancellationToken));
        }
        catch (ApiException e) when (e.IsRefused)
        {
            var wait = _refusedStatus.Refused(name, generation, e.Message);
            _context.Log.PolicyStatusRefused(e, name, wait.TotalSeconds, e.Message);
            _context.Events.Record(
                Reference(policy), EventType.Warning, EventReasons.StatusRefused, EventActions.Report,
                $"its status can't be written and is out of date: {e.Message}", EventReasons.StatusRefused);
            return ReconcileResult.RequeueAfter(wait);
        }

        _refusedStatus.Forget(name);
        RecordEvents(policy, stored, status);
        return ReconcileResult.Done;
    }

    private void RecordEvents(ConntrackPolicy policy, PolicyStatus? before, PolicyStatus status)
    {
        var reference = Reference(policy);
        if (Became(before, status, PolicyConditionTypes.Ready) is { Reason: PolicyConditionReasons.AllNodesReady } ready)
        {
            _context.Events.Record(
                reference, EventType.Normal, EventReasons.Applied, EventActions.Apply, ready.Message ?? string.Empty, EventReasons.Applied);
        }

        if (Became(before, status, PolicyConditionTypes.Reconciling) is { Reason: PolicyConditionReasons.RolloutPaused } paused)
        {
            _context.Events.Record(
                reference, EventType.Warning, EventReasons.RolloutPaused, EventActions.Rollout, paused.Message ?? string.Empty,
                EventReasons.RolloutPaused);
        }

        if (Became(before, status, PolicyConditionTypes.Conflict) is { } conflict)
        {
            _context.Events.Record(
                reference, EventType.Warning, EventReasons.Conflict, EventActions.Plan, conflict.Message ?? string.Empty);
        }
    }

    /// <summary>The condition when it is true now and was not, or for another reason, or is about another generation.</summary>
    private static Condition? Became(PolicyStatus? before, PolicyStatus now, string type)
    {
        var condition = Condition.Find(now.Conditions, type);
        var old = Condition.Find(before?.Conditions, type);
        return condition?.Status == "True"
            && (old?.Status != "True" || old.Reason != condition.Reason || old.ObservedGeneration != condition.ObservedGeneration)
            ? condition : null;
    }

    private static ObjectReference Reference(ConntrackPolicy policy) =>
        ObjectReference.To(policy, ConntrackPolicy.KindName, ApiGroup.ApiVersion);
}
