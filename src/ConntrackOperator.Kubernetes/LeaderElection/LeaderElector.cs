using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Kubernetes.LeaderElection;

/// <summary>
/// Sees to it that one of several candidates works at a time, by a coordination.k8s.io/v1 Lease.
/// </summary>
/// <remarks>
/// All decisions are made on the monotonic clock; the times in the record are for people. Own leadership is counted from
/// before a renewal was sent, others' from after it was seen, so the two cannot overlap whatever the network does.
/// </remarks>
public sealed class LeaderElector
{
    private readonly LeaseLock _claim;
    private readonly string _lease;
    private readonly string _identity;
    private readonly LeaderElectionOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Random _random;

    // When the server last answered an attempt; 0: never.
    private long _answeredAt;
    private volatile string? _lastFailure;

    /// <summary>Creates a candidate.</summary>
    /// <param name="client">The API.</param>
    /// <param name="namespaceName">The lease's namespace.</param>
    /// <param name="name">The lease's name; it is created when it is not there.</param>
    /// <param name="identity">Tells the candidates apart: the pod's name, say. Shown as the holder.</param>
    /// <param name="options">Null: the defaults, which are those of other Kubernetes components.</param>
    /// <param name="log">Told of changes and failures.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="random">Chance for a candidate's waits; null: the shared one.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options contradict each other.</exception>
    public LeaderElector(
        ApiClient client,
        string namespaceName,
        string name,
        string identity,
        LeaderElectionOptions? options = null,
        ILogger? log = null,
        TimeProvider? time = null,
        Random? random = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(namespaceName);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(identity);
        _lease = $"{namespaceName}/{name}";
        _identity = identity;
        _options = options ?? new();
        _options.Validate();
        _log = log ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
        _random = random ?? Random.Shared;
        _claim = new LeaseLock(client, namespaceName, name, identity, _options, _log, _time);
    }

    /// <summary>Whether this candidate holds the lease and it has not expired. Goes to false by itself, whatever the
    /// network or the server do.</summary>
    internal bool IsLeader => _claim.IsValid;

    /// <summary>How long ago the server last let this candidate read, and take or renew, the lease, on a clock that is never set; null:
    /// it never has. A candidate that goes on for long without could not take over.</summary>
    public TimeSpan? SinceAnswer => Interlocked.Read(ref _answeredAt) is not 0 and var at ? _time.GetElapsedTime(at) : null;

    /// <summary>Why the last attempt that failed did; null: none has.</summary>
    public string? LastFailure => _lastFailure;

    /// <summary>Who holds the lease as far as is known; null: nobody. For people and metrics.</summary>
    public string? Holder => _claim.Holder;

    /// <summary>Waits for the lease, works while holding it, and lets it go.</summary>
    /// <param name="whileLeading">The work. Its token is cancelled when it has to end: on <paramref name="cancellationToken"/>, while the
    /// lease is renewed until the work has ended, or when the lease cannot be renewed any more.</param>
    /// <param name="cancellationToken">Stops the work if it runs, releases the lease, and returns.</param>
    /// <returns>When cancelled, or when the work ended by itself.</returns>
    /// <exception cref="LeaseLostException">The lease was lost; the work has ended. The process should end.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> whileLeading, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(whileLeading);
        try
        {
            while (!await AttemptAsync(cancellationToken))
            {
                // Candidates that were started together must not ask in step for ever.
                await Task.Delay(_options.RetryPeriod * (1 + _random.NextDouble()), _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await _claim.ReleaseAsync();
            return;
        }

        _log.LeaseTaken(_identity, _lease);
        await LeadAsync(whileLeading, cancellationToken);
    }

    private async Task LeadAsync(Func<CancellationToken, Task> whileLeading, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var ended = new CancellationTokenSource();
        var work = StartAsync(whileLeading, stop.Token);
        var renewing = RenewAsync(ended.Token);
        if (await Task.WhenAny(work, renewing) == renewing)
        {
            var reason = await EndOfRenewalAsync(renewing);
            await stop.CancelAsync();
            await EndInTimeAsync(work);
            _claim.Forfeit();
            Exception? failure = null;
            await AwaitWorkAsync(work, e => failure = e, stop.Token);
            throw new LeaseLostException($"The lease {_lease} was lost: {reason}", failure);
        }

        // Renewed until now, also while the work was stopping.
        await ended.CancelAsync();
        await renewing;
        await _claim.ReleaseAsync();
        Exception? thrown = null;
        await AwaitWorkAsync(work, e => thrown = e, stop.Token);
        if (thrown is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(thrown);
        }
    }

    /// <summary>Why renewing has ended. Whatever broke it, the work must not go on as if it had not.</summary>
    private static async Task<string?> EndOfRenewalAsync(Task<string?> renewing)
    {
        try
        {
            return await renewing;
        }
        catch (Exception e)
        {
            return $"renewing it failed: {e.GetType().Name}: {e.Message}";
        }
    }

    private static async Task StartAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await work(cancellationToken);
    }

    private static async Task AwaitWorkAsync(Task work, Action<Exception> failed, CancellationToken stop)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It did as it was told.
        }
        catch (Exception e)
        {
            failed(e);
        }
    }

    /// <summary>Waits for cancelled work, but not beyond the end of the lease.</summary>
    private async Task EndInTimeAsync(Task work)
    {
        var left = _options.Duration - _claim.SinceRenewal;
        if (left > TimeSpan.Zero)
        {
            using var enough = new CancellationTokenSource();
            await Task.WhenAny(work, Task.Delay(left, _time, enough.Token));
            await enough.CancelAsync();
        }

        if (!work.IsCompleted)
        {
            _options.EndProcess($"The lease {_lease} has expired and the work under it has not ended.");
        }
    }

    /// <summary>Renews until cancelled or until there is no more hope.</summary>
    /// <returns>Why the lease is lost; null when cancelled.</returns>
    private async Task<string?> RenewAsync(CancellationToken cancellationToken)
    {
        Exception? last = null;
        try
        {
            while (true)
            {
                var left = _options.RenewDeadline - _claim.SinceRenewal;
                if (left <= TimeSpan.Zero)
                {
                    return $"no renewal succeeded for {_options.RenewDeadline.TotalSeconds:0.#} s ({last?.Message ?? "too slow"})";
                }

                await Task.Delay(left < _options.RetryPeriod ? left : _options.RetryPeriod, _time, cancellationToken);
                left = _options.RenewDeadline - _claim.SinceRenewal;
                if (left <= TimeSpan.Zero)
                {
                    continue;
                }

                using var limit = new CallLimit(left < _options.AttemptLimit ? left : _options.AttemptLimit, _time, cancellationToken);
                try
                {
                    if (!await TryTakeAsync(limit.Token))
                    {
                        return _claim.WasDeleted ? "it was deleted" : $"{Holder ?? "nobody"} holds it now";
                    }
                }
                catch (ApiException e)
                {
                    last = e;
                    _lastFailure = e.Message;
                    _log.LeaseRenewalFailed(e, _lease, e.Message);
                }
                catch (OperationCanceledException e) when (limit.TimedOut)
                {
                    last = e;
                    _lastFailure = "no answer in time";
                    _log.LeaseRenewalTimedOut(e, _lease);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>A candidate's attempt: every failure is a reason to try again.</summary>
    private async Task<bool> AttemptAsync(CancellationToken cancellationToken)
    {
        using var limit = new CallLimit(_options.AttemptLimit, _time, cancellationToken);
        try
        {
            return await TryTakeAsync(limit.Token);
        }
        catch (ApiException e)
        {
            _lastFailure = e.Message;
            _log.LeaseRequestFailed(e, _lease, e.Message);
        }
        catch (OperationCanceledException e) when (limit.TimedOut)
        {
            _lastFailure = "no answer in time";
            _log.LeaseRequestTimedOut(e, _lease);
        }

        return false;
    }

    private async Task<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        var taken = await _claim.TryTakeAsync(cancellationToken);
        var now = _time.GetTimestamp();
        // Zero stands for never; a clock that happens to be there may lose a tick.
        Interlocked.Exchange(ref _answeredAt, now == 0 ? 1 : now);
        return taken;
    }
}
