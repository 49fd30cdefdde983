using System.Text.Json;
using System.Threading.Channels;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Kubernetes.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Kubernetes.Events;

/// <summary>
/// Tells people what happens, as events.k8s.io/v1 Events. <see cref="Record"/> returns at once and never throws;
/// <see cref="RunAsync"/> writes. What happens again within some minutes raises a count, and an object that causes too many
/// is cut short.
/// </summary>
public sealed class EventRecorder
{
    // The server's limits (validation of events.k8s.io/v1).
    private const int MaxNoteBytes = 1024;
    private const int MaxReason = 128;
    private const int Attempts = 4;

    private static readonly TimeSpan _flushOnStop = TimeSpan.FromSeconds(2);

    private readonly ApiClient _client;
    private readonly EventRecorderOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Channel<PendingEvent> _queue;
    private readonly Dictionary<EventKey, EventSeriesState> _series = [];
    private readonly Dictionary<ObjectReference, TokenBucket> _buckets = [];
    private long _dropped;
    private long _limited;
    private long _written;

    /// <summary>Creates it; <see cref="RunAsync"/> starts the writing.</summary>
    public EventRecorder(ApiClient client, EventRecorderOptions options, ILogger? log = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        _client = client;
        _options = options;
        _log = log ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
        RuntimeTelemetry.EventsLost(0);
        _queue = Channel.CreateBounded<PendingEvent>(
            new BoundedChannelOptions(options.QueueLimit) { SingleReader = true });
    }

    /// <summary>How many events were lost: the queue was full, or the server would not have them.</summary>
    internal long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>How often a write was put off because its object had caused too many.</summary>
    public long Limited => Interlocked.Read(ref _limited);

    /// <summary>How many writes there were.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>Records an event. Never throws, never waits.</summary>
    /// <param name="regarding">The object it is about. The event of a cluster-scoped object goes to namespace "default".</param>
    /// <param name="type">Whether it should worry anybody.</param>
    /// <param name="reason">One word in CamelCase, for programs: <c>TableFull</c>.</param>
    /// <param name="action">What was done or failed, one word in CamelCase: <c>Resize</c>.</param>
    /// <param name="note">A sentence for people; cut at 1,024 bytes.</param>
    /// <param name="noteKey">What makes it the same as an earlier one whose note has other numbers; null: the note itself.</param>
    public void Record(
        ObjectReference regarding, EventType type, string reason, string action, string note, string? noteKey = null)
    {
        var key = new EventKey(regarding, type, reason, action, noteKey ?? note);
        if (!_queue.Writer.TryWrite(new(key, note, _time.GetUtcNow())))
        {
            CountLost();
        }
    }

    /// <summary>Writes until cancelled; then writes what is there for at most 2 s and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            Task<bool>? more = null;
            while (true)
            {
                more ??= _queue.Reader.WaitToReadAsync(cancellationToken).AsTask();
                if (UntilFlush() is { } wait)
                {
                    using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    await Task.WhenAny(more, Task.Delay(wait, _time, enough.Token));
                    await enough.CancelAsync();
                }
                else
                {
                    await more;
                }

                cancellationToken.ThrowIfCancellationRequested();
                more = more.IsCompleted ? null : more;
                await WriteAllAsync(flushAll: false, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }

        using var limit = new CancellationTokenSource(_flushOnStop, _time);
        try
        {
            await WriteAllAsync(flushAll: true, limit.Token);
        }
        catch (OperationCanceledException)
        {
            CountLost();
        }
    }

    private async Task WriteAllAsync(bool flushAll, CancellationToken cancellationToken)
    {
        while (_queue.Reader.TryRead(out var pending))
        {
            var state = Count(pending);
            if (state.Name is null)
            {
                await WriteAsync(pending.Key, state, cancellationToken);
            }
        }

        foreach (var (key, state) in _series.ToList())
        {
            if (state.Count > state.WrittenCount && (flushAll || IsDue(state)))
            {
                await WriteAsync(key, state, cancellationToken);
            }
        }

        Forget();
    }

    private void CountLost()
    {
        Interlocked.Increment(ref _dropped);
        RuntimeTelemetry.EventsLost(1);
    }

    private EventSeriesState Count(PendingEvent pending)
    {
        if (!_series.TryGetValue(pending.Key, out var state) || _time.GetElapsedTime(state.LastSeenAt) > _options.SeriesWindow)
        {
            _series[pending.Key] = state = new();
        }

        state.Count++;
        state.LastSeen = pending.At;
        state.LastSeenAt = _time.GetTimestamp();
        state.Note = pending.Note;
        return state;
    }

    private async Task WriteAsync(EventKey key, EventSeriesState state, CancellationToken cancellationToken)
    {
        state.LastWrittenAt = _time.GetTimestamp();
        if (!_buckets.TryGetValue(key.Regarding, out var bucket))
        {
            _buckets[key.Regarding] = bucket = new(_options.Burst, _options.Refill, _time);
        }

        if (!bucket.TryTake())
        {
            // It stays counted, and is written when the object may cause writes again.
            Interlocked.Increment(ref _limited);
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await (state.Name is null ? CreateAsync(key, state, cancellationToken) : UpdateAsync(key, state, cancellationToken));
                state.WrittenCount = state.Count;
                Interlocked.Increment(ref _written);
                return;
            }
            catch (ApiException e) when (e.IsNotFound && state.Name is not null)
            {
                // Events live for an hour; the series goes on in a new one.
                state.Name = null;
            }
            catch (ApiException e) when (e.IsTransient && attempt < Attempts)
            {
                var wait = TimeSpan.FromMilliseconds(250 << attempt);
                await Task.Delay(e.RetryAfter > wait ? e.RetryAfter.Value : wait, _time, cancellationToken);
            }
            catch (ApiException e)
            {
                CountLost();
                // Not again before it happens again.
                state.WrittenCount = state.Count;
                _log.EventLost(e, key.Reason, key.Regarding.Kind, key.Regarding.Name, e.Message);
                return;
            }
        }
    }

    private async Task CreateAsync(EventKey key, EventSeriesState state, CancellationToken cancellationToken)
    {
        var name = $"{Cut(key.Regarding.Name, 220)}.{Guid.NewGuid():N}";
        var namespaceName = NamespaceOf(key);
        var created = await _client.CreateAsync(
            ResourceType.Event,
            namespaceName,
            new EventObject
            {
                ApiVersion = ResourceType.Event.ApiVersion,
                Kind = ResourceType.Event.Kind,
                Metadata = new ObjectMeta { Name = name, Namespace = namespaceName },
                EventTime = state.LastSeen,
                ReportingController = Cut(_options.ReportingController, MaxReason),
                ReportingInstance = Cut(_options.ReportingInstance, MaxReason),
                Action = Cut(key.Action, MaxReason),
                Reason = Cut(key.Reason, MaxReason),
                Regarding = key.Regarding,
                Note = CutBytes(state.Note),
                Type = key.Type.ToString(),
                // A count of one is no series.
                Series = state.Count > 1 ? SeriesOf(state) : null,
            },
            ProtocolJson.Default.EventObject,
            cancellationToken);
        state.Name = created.Metadata?.Name ?? name;
    }

    private async Task UpdateAsync(EventKey key, EventSeriesState state, CancellationToken cancellationToken)
    {
        // Everything else of an event cannot be changed.
        var patch = new EventObject { Series = SeriesOf(state) };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(patch, ProtocolJson.Default.EventObject);
        await _client.PatchAsync(
            ResourceType.Event, NamespaceOf(key), state.Name!, PatchKind.Merge, bytes, ProtocolJson.Default.EventObject, null,
            cancellationToken);
    }

    private static EventSeries SeriesOf(EventSeriesState state) =>
        new() { Count = state.Count, LastObservedTime = state.LastSeen };

    private static string NamespaceOf(EventKey key) => key.Regarding.Namespace is { Length: > 0 } namespaceName ? namespaceName : "default";

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];

    private static string CutBytes(string text)
    {
        var length = 0;
        var kept = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            length += rune.Utf8SequenceLength;
            if (length > MaxNoteBytes)
            {
                return text[..kept];
            }

            kept += rune.Utf16SequenceLength;
        }

        return text;
    }

    private bool IsDue(EventSeriesState state) => _time.GetElapsedTime(state.LastWrittenAt) >= _options.SeriesInterval;

    /// <summary>How long until the next count has to be written; null: none is waiting.</summary>
    private TimeSpan? UntilFlush()
    {
        TimeSpan? soonest = null;
        foreach (var state in _series.Values)
        {
            if (state.Count > state.WrittenCount)
            {
                var left = _options.SeriesInterval - _time.GetElapsedTime(state.LastWrittenAt);
                left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
                soonest = soonest < left ? soonest : left;
            }
        }

        return soonest;
    }

    /// <summary>Keeps what is remembered within its limit.</summary>
    private void Forget()
    {
        if (_series.Count > _options.MemoryLimit)
        {
            var surplus = _series.OrderBy(pair => pair.Value.LastSeenAt).Take(_series.Count - (_options.MemoryLimit / 2)).ToList();
            surplus.ForEach(pair => _series.Remove(pair.Key));
        }

        if (_buckets.Count > _options.MemoryLimit)
        {
            var unused = _buckets.Where(pair => pair.Value.IsFull).ToList();
            unused.ForEach(pair => _buckets.Remove(pair.Key));
        }
    }
}
