using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>
/// Keeps an <see cref="ObjectStore{T}"/> in step with the server: lists, watches from there, and gets over everything
/// that can go wrong on the way.
/// </summary>
/// <remarks>
/// Two states: without a resource version it lists, with one it watches. A watch that ends in good order or breaks is
/// taken up again where it was; a version that the server no longer knows, an ERROR event other than 429, what is no event
/// at all, or one that is too long, leads back to the list. An event whose object does not fit the type is no failure: what was
/// known of the object stays, <see cref="Undecodable"/> has it, and the watch goes on after it. The handlers of
/// <see cref="Changed"/> run one after another and must be quick: they enqueue.
/// </remarks>
public sealed class Informer<T> : IInformerState
    where T : class, IKubernetesObject
{
    // A watch that ends in good order sooner than this counts as a failure: no server means it.
    private static readonly TimeSpan _brief = TimeSpan.FromSeconds(1);

    private readonly ApiClient _client;
    private readonly ResourceType _type;
    private readonly JsonTypeInfo<T> _json;
    private readonly InformerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly BackOff _backOff;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly ListReader<T> _lists;
    private readonly UndecodableObjects _undecodable;

    private string? _resourceVersion;
    private volatile bool _isWatching;
    private volatile string? _lastFailure;
    private long _lastProgress;
    private long _listed;
    private long _watches;
    private long _failures;

    /// <summary>Creates it; <see cref="RunAsync"/> starts it.</summary>
    /// <param name="client">The API.</param>
    /// <param name="type">What to watch.</param>
    /// <param name="json">How one object is read.</param>
    /// <param name="options">Null: all objects, with the default limits.</param>
    /// <param name="log">Told of failures and new lists.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="random">Chance for the waits; null: the shared one.</param>
    public Informer(
        ApiClient client,
        ResourceType type,
        JsonTypeInfo<T> json,
        InformerOptions? options = null,
        ILogger? log = null,
        TimeProvider? time = null,
        Random? random = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(json);
        _client = client;
        _type = type;
        _json = json;
        _options = options ?? new();
        _log = log ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
        _lists = new ListReader<T>(client, type, json, _options);
        _undecodable = new UndecodableObjects(type.Kind, _log, _time);
        _random = random ?? Random.Shared;
        _backOff = new(_options.MinBackOff, _options.MaxBackOff, _random);
        _lastProgress = _time.GetTimestamp();
    }

    /// <summary>Called for each change after the store has it. A whole list is in the store before its first change is told.</summary>
    public event Action<WatchChange<T>>? Changed;

    /// <summary>What is kept of an object that was read, such as without what nobody asks for; null: all of it. Keeps the metadata's
    /// name, namespace, UID and version.</summary>
    public Func<T, T>? Transform { get; init; }

    /// <summary>What is known.</summary>
    public ObjectStore<T> Store { get; } = new();

    /// <summary>Objects that exist and whose newest state does not fit the type, with what does not fit. The store has the last state
    /// that did, if there was one.</summary>
    public IReadOnlyDictionary<ObjectKey, string> Undecodable => _undecodable.Marks;

    /// <inheritdoc />
    public string Resource => _type.QualifiedName;

    /// <summary>Whether the store has had a whole list.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>How long ago the server last said anything, on a clock that is never set: a page of a list, the begin or
    /// end of a watch, an event, a bookmark. Much more than the watch's time-out means that it is stuck.</summary>
    public TimeSpan SinceProgress => _time.GetElapsedTime(Interlocked.Read(ref _lastProgress));

    /// <inheritdoc />
    public TimeSpan SinceConnected => _isWatching ? TimeSpan.Zero : SinceProgress;

    /// <inheritdoc />
    public string? LastFailure => _lastFailure;

    /// <summary>How often the collection was listed, since the start.</summary>
    public long Lists => Interlocked.Read(ref _listed);

    /// <summary>How often a watch was established, since the start; all but the first are reconnects.</summary>
    public long Watches => Interlocked.Read(ref _watches);

    /// <summary>How often a list or a watch failed, since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Waits until the store has had a whole list.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <summary>Lists and watches until cancelled; then returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var wait = await StepAsync(cancellationToken);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>One list, if one is needed, and one watch to its end.</summary>
    /// <returns>How long to wait before the next step.</returns>
    private async Task<TimeSpan> StepAsync(CancellationToken cancellationToken)
    {
        var watching = false;
        long? established = null;
        try
        {
            _resourceVersion ??= await ListAsync(cancellationToken);
            watching = true;
            var timeout = _options.WatchTimeout * (0.95 + (_random.NextDouble() * 0.1));
            var query = new WatchQuery
            {
                LabelSelector = _options.LabelSelector,
                FieldSelector = _options.FieldSelector,
                ResourceVersion = _resourceVersion,
                Timeout = timeout,
                IdleLimit = timeout + _options.IdleGrace,
            };
            using var watch = await _client.OpenWatchAsync(_type, _options.Namespace, query, _json, cancellationToken);
            established = _time.GetTimestamp();
            _isWatching = true;
            if (Interlocked.Increment(ref _watches) > 1)
            {
                RuntimeTelemetry.Reconnected(_type.Plural);
            }

            Progress();
            _log.WatchStarted(_type.QualifiedName, _resourceVersion);
            while (await watch.NextAsync() is { } next)
            {
                Take(next);
            }

            Progress();
            if (_time.GetElapsedTime(established.Value) >= _brief)
            {
                ResetIfStable(established);
                return TimeSpan.Zero;
            }

            return _backOff.Next();
        }
        catch (ApiException e)
        {
            Interlocked.Increment(ref _failures);
            _lastFailure = e.Message;
            ResetIfStable(established);
            var wait = _backOff.Next(e.RetryAfter);
            var relist = !watching || NeedsList(e);
            if (relist)
            {
                _resourceVersion = null;
            }

            var then = relist ? "listing" : "watching";
            _log.WatchFailed(e, _type.QualifiedName, then, wait.TotalSeconds, e.Message);
            return wait;
        }
        finally
        {
            _isWatching = false;
        }
    }

    /// <summary>Whether to watch again from the same version would not get any further. As in client-go, what the server says in a watch
    /// that had begun leads to a list, unless it is only busy.</summary>
    private static bool NeedsList(ApiException e) =>
        e.IsExpired || e.IsUndecodable || e.IsTooNew || e.IsTooLarge || e.Code == 400 || (e.IsWatchError && !e.IsTooManyRequests);

    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var list = await _lists.ReadAsync(Transformed, Progress, cancellationToken);
        Interlocked.Increment(ref _listed);
        var changes = Store.Swap(list.Items, list.Undecodable.Keys);
        _undecodable.Set(list.Undecodable);
        Tell(changes);
        _synced.TrySetResult();
        return list.Version;
    }

    private T Transformed(T item) => Transform is { } transform ? transform(item) : item;

    private void Take(in WatchEvent<T> next)
    {
        Progress();
        if (next.Undecodable is { } misfit)
        {
            TakeUndecodable(new ObjectKey(misfit.Namespace, misfit.Name), next.Type, misfit.Message);
        }
        else if (next.Object is { } read)
        {
            var item = Transformed(read);
            if (item.Metadata?.Name is null)
            {
                throw ApiException.Undecodable($"An event of {_type.QualifiedName}", null);
            }

            var key = ObjectKey.Of(item);
            if (next.Type == WatchEventType.Deleted)
            {
                _undecodable.Forget(key);
                Tell(Store.Remove(item));
            }
            else
            {
                _undecodable.Clear(key);
                Tell(Store.Set(item));
            }
        }

        _resourceVersion = next.ResourceVersion;
    }

    private void TakeUndecodable(ObjectKey key, WatchEventType type, string message)
    {
        Store.TryGet(key, out var known);
        if (type == WatchEventType.Deleted)
        {
            _undecodable.Forget(key);
            Tell(known is null ? [] : Store.Remove(known));
            return;
        }

        if (_undecodable.Mark(key, message) && known is not null)
        {
            // Nothing about it has changed but that its newest state is not known.
            Tell([new(WatchChangeKind.Modified, key, known, known)]);
        }
    }

    private void Tell(IReadOnlyList<WatchChange<T>> changes)
    {
        foreach (var change in changes)
        {
            try
            {
                Changed?.Invoke(change);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // A handler's defect must not stop the watch of everybody else.
                _log.WatchHandlerFailed(e, _type.Kind, change.Key.ToString(), e.Message);
            }
        }
    }

    private void Progress() => Interlocked.Exchange(ref _lastProgress, _time.GetTimestamp());

    private void ResetIfStable(long? established)
    {
        if (established is { } since && _time.GetElapsedTime(since) >= _options.StableAfter)
        {
            _backOff.Reset();
        }
    }
}
