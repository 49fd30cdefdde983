using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Kubernetes.Protocol;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.LeaderElection;

/// <summary>
/// One candidate's claim on the lease: takes and renews it, gives it back, and knows since when it counts. It neither waits nor
/// tries again; that is <see cref="LeaderElector"/>'s.
/// </summary>
internal sealed class LeaseLock(
    ApiClient client, string namespaceName, string name, string identity, LeaderElectionOptions options, ILogger log, TimeProvider time)
{
    // The last record that was seen, and when it was first seen.
    private Lease? _observed;
    private long _observedAt;

    // The acquire time of the own last attempt: by it an own record is told, even if the answer got lost.
    private DateTimeOffset? _acquired;

    // When the last successful renewal was sent; 0: not held.
    private long _renewed;

    private bool _ownerRefused;

    /// <summary>Whether the last attempt but those that failed took the lease. It may have expired since.</summary>
    public bool IsHeld => Interlocked.Read(ref _renewed) != 0;

    /// <summary>Whether it is held and has not expired. Goes to false by itself, whatever the network or the server do.</summary>
    public bool IsValid => Interlocked.Read(ref _renewed) is not 0 and var since && time.GetElapsedTime(since) < options.Duration;

    /// <summary>How long ago the last successful renewal was sent, by the monotonic clock; of no meaning while it is not held.</summary>
    public TimeSpan SinceRenewal => time.GetElapsedTime(Interlocked.Read(ref _renewed));

    /// <summary>Who holds the lease as far as is known; null: nobody.</summary>
    public string? Holder => _observed?.Spec?.HolderIdentity is { Length: > 0 } holder ? holder : null;

    /// <summary>Whether the lease was deleted while it was held.</summary>
    public bool WasDeleted { get; private set; }

    /// <summary>Counts as not held from now on, whatever the record says.</summary>
    public void Forfeit() => Interlocked.Exchange(ref _renewed, 0);

    /// <summary>Takes the lease if it is free or abandoned, renews it if it is held.</summary>
    /// <returns>Whether it is held now.</returns>
    public async Task<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        Lease current;
        try
        {
            current = await client.GetAsync(ResourceType.Lease, namespaceName, name, ProtocolJson.Default.Lease, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return await CreateAsync(cancellationToken);
        }

        if (LeaderElectionRecord.Differs(_observed, current))
        {
            _observed = current;
            _observedAt = time.GetTimestamp();
        }

        var own = LeaderElectionRecord.IsOwn(current, identity, _acquired);
        if (!own && IsHeld)
        {
            // Somebody took it, or took it away, from under the work.
            return false;
        }

        if (!own && !LeaderElectionRecord.IsFree(current)
            && time.GetElapsedTime(_observedAt) < LeaderElectionRecord.Patience(current, options.Duration))
        {
            return false;
        }

        var started = time.GetTimestamp();
        var now = time.GetUtcNow();
        var acquired = own ? _acquired!.Value : MicroTimeConverter.Round(now);
        _acquired = acquired;
        var wanted = LeaderElectionRecord.Renewed(current, namespaceName, name, identity, options.Duration, acquired, now);
        try
        {
            Took(await ReplaceAsync(wanted, cancellationToken), started);
            return true;
        }
        catch (ApiException e) when (e.IsConflict && !IsHeld)
        {
            // Another candidate was faster.
            return false;
        }
    }

    /// <summary>With its owner, if it may have one: to lead matters more.</summary>
    private async Task<Lease> ReplaceAsync(Lease wanted, CancellationToken cancellationToken)
    {
        if (!_ownerRefused && options.Owner?.Invoke() is { } owner
            && wanted.Metadata?.OwnerReferences?.Exists(o => o.Uid == owner.Uid) != true)
        {
            try
            {
                return await client.ReplaceAsync(
                    ResourceType.Lease, namespaceName, name, LeaderElectionRecord.Owned(wanted, owner), ProtocolJson.Default.Lease,
                    cancellationToken);
            }
            catch (ApiException e) when (e.Code is 403 or 422)
            {
                _ownerRefused = true;
                log.LeaseOwnerRefused(e, $"{namespaceName}/{name}", e.Message);
            }
        }

        return await client.ReplaceAsync(ResourceType.Lease, namespaceName, name, wanted, ProtocolJson.Default.Lease, cancellationToken);
    }

    private async Task<bool> CreateAsync(CancellationToken cancellationToken)
    {
        if (IsHeld)
        {
            // Deleted from under the work: another candidate may create it at this moment.
            WasDeleted = true;
            return false;
        }

        var started = time.GetTimestamp();
        var now = MicroTimeConverter.Round(time.GetUtcNow());
        _acquired = now;
        var wanted = LeaderElectionRecord.Renewed(null, namespaceName, name, identity, options.Duration, now, now);
        try
        {
            var stored = await client.CreateAsync(ResourceType.Lease, namespaceName, wanted, ProtocolJson.Default.Lease, cancellationToken);
            Took(stored, started);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            return false;
        }
    }

    private void Took(Lease stored, long started)
    {
        _observed = stored;
        _observedAt = time.GetTimestamp();
        // Zero stands for not leading; a clock that happens to be there may lose a tick.
        Interlocked.Exchange(ref _renewed, started == 0 ? 1 : started);
    }

    /// <summary>Gives the lease back so that the next one need not wait. If that fails, it expires.</summary>
    public async Task ReleaseAsync()
    {
        Forfeit();
        if (_acquired is null)
        {
            return;
        }

        using var limit = new CallLimit(options.AttemptLimit, time, CancellationToken.None);
        try
        {
            // Read anew: the answer to the last attempt may have been lost, or the attempt cancelled.
            var current = await client.GetAsync(ResourceType.Lease, namespaceName, name, ProtocolJson.Default.Lease, limit.Token);
            if (LeaderElectionRecord.IsOwn(current, identity, _acquired))
            {
                _observed = await client.ReplaceAsync(
                    ResourceType.Lease,
                    namespaceName,
                    name,
                    LeaderElectionRecord.Released(current, time.GetUtcNow()),
                    ProtocolJson.Default.Lease,
                    limit.Token);
                log.LeaseReleased(identity, $"{namespaceName}/{name}");
            }
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            log.LeaseNotReleased(e, $"{namespaceName}/{name}", e.Message);
        }
    }
}
