using System.Diagnostics;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>Works through a queue of keys. What fails is tried again with back-off for as long as it takes.</summary>
public sealed class Reconciler<TKey>
    where TKey : notnull
{
    private readonly WorkQueue<TKey> _queue;
    private readonly Func<TKey, CancellationToken, Task<ReconcileResult>> _reconcile;
    private readonly ReconcilerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;

    /// <summary>Creates it; <see cref="RunAsync"/> starts it.</summary>
    /// <param name="queue">Where the keys come from; owned by the caller.</param>
    /// <param name="reconcile">Brings the world in line with what the key's object wants now. Called for one key never
    /// more than once at a time.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="log">Told of failures.</param>
    /// <param name="time">The clock; null: the system's.</param>
    public Reconciler(
        WorkQueue<TKey> queue,
        Func<TKey, CancellationToken, Task<ReconcileResult>> reconcile,
        ReconcilerOptions? options = null,
        ILogger? log = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(reconcile);
        _queue = queue;
        _reconcile = reconcile;
        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Workers, 1, nameof(options));
        _log = log ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Works until cancelled or the queue is shut down; returns when all work in progress has ended.</summary>
    /// <exception cref="Exception">A worker broke, by what no pass over a key may be tried again after (<see cref="OutOfMemoryException"/>)
    /// or outside of any pass. The others are told to stop and waited for as after a stop, and no longer.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var abort = new CancellationTokenSource();
        using var drain = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var drained = drain.Token.Register(abort.Cancel);
        using var stop = broken.Token.Register(() => drain.CancelAfter(_options.Drain));
        var workers = Enumerable.Range(0, _options.Workers).Select(_ => WorkAsync(abort.Token, broken.Token)).ToList();
        var left = workers.ToList();
        while (left.Count > 0)
        {
            var first = await Task.WhenAny(left);
            left.Remove(first);
            if (first.IsFaulted)
            {
                await broken.CancelAsync();
                using var enough = new CancellationTokenSource();
                await Task.WhenAny(Task.WhenAll(left), Task.Delay(_options.Drain * 2, _time, enough.Token));
                await enough.CancelAsync();
                await first;
            }
        }

        await Task.WhenAll(workers);
    }

    private async Task WorkAsync(CancellationToken abort, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            TKey key;
            try
            {
                key = await _queue.GetAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var started = _time.GetTimestamp();
            var succeeded = false;
            try
            {
                succeeded = await ReconcileAsync(key, abort);
            }
            finally
            {
                _queue.Done(key);
                _options.Reconciled?.Invoke(_time.GetElapsedTime(started), succeeded);
            }
        }
    }

    private async Task<bool> ReconcileAsync(TKey key, CancellationToken abort)
    {
        using var limit = new CallLimit(_options.TimeLimit, _time, abort);
        using var span = RuntimeTelemetry.Source.StartActivity(_options.Name);
        span?.SetTag("key", key.ToString());
        try
        {
            var result = await _reconcile(key, limit.Token);
            if (result.Failed)
            {
                span?.SetStatus(ActivityStatusCode.Error, "the pass asked to be done again");
                _queue.AddRateLimited(key);
                return false;
            }

            _queue.Forget(key);
            if (result.After is { } after)
            {
                _queue.AddAfter(key, after);
            }

            return true;
        }
        catch (ApiException e) when (e.IsConflict)
        {
            // Somebody else was faster; the next pass starts from what they wrote.
            span?.SetStatus(ActivityStatusCode.Error, "conflict");
            _log.ReconcileConflict(key.ToString(), e.Message);
            _queue.AddRateLimited(key);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            _queue.AddRateLimited(key);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            var wait = _queue.AddRateLimited(key, (e as ApiException)?.RetryAfter ?? TimeSpan.Zero);
            if (limit.TimedOut)
            {
                _log.ReconcileTimedOut(e, key.ToString(), _options.TimeLimit.TotalSeconds, wait.TotalSeconds, e.Message);
            }
            else
            {
                _log.ReconcileFailed(e, key.ToString(), wait.TotalSeconds, e.Message);
            }
        }

        return false;
    }
}
