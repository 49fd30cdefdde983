using System.Diagnostics.CodeAnalysis;

namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>
/// A queue of keys to work on. A key is in it at most once, is never handed out while somebody works on it, and is
/// handed out again when it was added meanwhile. Safe for concurrent use.
/// </summary>
/// <remarks>
/// For each key there is one next time at most, and the earliest request wins: a key that is due now forgets the later
/// time it had been given, since the work that comes first decides anew when it wants to be called again.
/// </remarks>
/// <typeparam name="TKey">Compared by value.</typeparam>
[SuppressMessage("Naming", "CA1711", Justification = "It is a work queue, as every operator's author calls it.")]
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly WorkQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly SemaphoreSlim _available = new(0);
    private readonly CancellationTokenSource _shutDown = new();

    // Keys to hand out, in order, with the time since when they wait; the same keys as in _ready.
    private readonly Queue<(TKey Key, long Since)> _order = new();
    private readonly HashSet<TKey> _ready = [];

    // Keys being worked on, since when; and those of them that have to be handed out again.
    private readonly Dictionary<TKey, long> _processing = [];
    private readonly HashSet<TKey> _again = [];

    // Keys for later, by the clock's timestamps.
    private readonly DelayHeap<TKey> _later = new();

    private readonly Dictionary<TKey, int> _failures = [];
    private long _adds;
    private long _retries;

    // When a key was last handed out or done with, or came into a queue that nobody had anything to do with.
    private long _movedAt;
    private bool _disposed;

    /// <summary>Creates an empty queue.</summary>
    public WorkQueue(WorkQueueOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new();
        _time = time ?? TimeProvider.System;
        _timer = _time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many keys could be handed out now.</summary>
    public int Depth
    {
        get
        {
            lock (_lock)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>How many keys wait for their time.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _later.Count;
            }
        }
    }

    /// <summary>How many keys are being worked on.</summary>
    public int Processing
    {
        get
        {
            lock (_lock)
            {
                return _processing.Count;
            }
        }
    }

    /// <summary>How often a key came into the queue, since the start.</summary>
    public long Adds => Interlocked.Read(ref _adds);

    /// <summary>How often <see cref="AddRateLimited"/> was called, since the start.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>For how long the oldest piece of work in progress has been going on; zero when there is none.</summary>
    public TimeSpan LongestRunning
    {
        get
        {
            lock (_lock)
            {
                return _processing.Count == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_processing.Values.Min());
            }
        }
    }

    /// <summary>For how long keys have been waiting while none was handed out or finished; zero when none waits.</summary>
    public TimeSpan SinceMoved
    {
        get
        {
            lock (_lock)
            {
                return _ready.Count == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_movedAt);
            }
        }
    }

    /// <summary>For how long all work in progress together has been going on: it grows without end when something is stuck.</summary>
    public TimeSpan UnfinishedWork
    {
        get
        {
            lock (_lock)
            {
                return _processing.Values.Aggregate(TimeSpan.Zero, (sum, since) => sum + _time.GetElapsedTime(since));
            }
        }
    }

    /// <summary>Adds a key for now. Without effect if it is there already, or after the shut-down.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
        {
            AddLocked(key);
        }
    }

    /// <summary>Adds a key for later. Without effect if it is there already for an earlier time.</summary>
    /// <param name="key">The key.</param>
    /// <param name="delay">Zero or less: now.</param>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        lock (_lock)
        {
            AddAfterLocked(key, delay);
        }
    }

    /// <summary>Adds a key for later after a failure: 5 ms, doubling with each failure since <see cref="Forget"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="atLeast">The shortest wait, such as a server's Retry-After.</param>
    /// <returns>The wait.</returns>
    public TimeSpan AddRateLimited(TKey key, TimeSpan atLeast = default)
    {
        lock (_lock)
        {
            _failures.TryGetValue(key, out var failures);
            _failures[key] = failures + 1;
            Interlocked.Increment(ref _retries);
            var delay = _options.BackOff(failures);
            delay = delay > atLeast ? delay : atLeast;
            AddAfterLocked(key, delay);
            return delay;
        }
    }

    /// <summary>Ends a key's back-off: its next failure counts as the first.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>How often a key has failed since <see cref="Forget"/>.</summary>
    public int Failures(TKey key)
    {
        lock (_lock)
        {
            return _failures.GetValueOrDefault(key);
        }
    }

    /// <summary>Waits for a key to work on. Whoever gets one calls <see cref="Done"/> when the work is over.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the queue was shut down.</exception>
    public async ValueTask<TKey> GetAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _shutDown.Token);
        await _available.WaitAsync(either.Token);
        TKey key;
        TimeSpan waited;
        lock (_lock)
        {
            (key, var since) = _order.Dequeue();
            _ready.Remove(key);
            _processing.Add(key, _movedAt = _time.GetTimestamp());
            waited = _time.GetElapsedTime(since);
        }

        _options.Started?.Invoke(waited);
        return key;
    }

    /// <summary>Says that the work on a key is over. If it was added meanwhile, it is in the queue again.</summary>
    /// <exception cref="InvalidOperationException">Nobody works on this key.</exception>
    public void Done(TKey key)
    {
        TimeSpan worked;
        lock (_lock)
        {
            if (!_processing.Remove(key, out var since))
            {
                throw new InvalidOperationException($"Nobody works on '{key}'.");
            }

            worked = _time.GetElapsedTime(since);
            _movedAt = _time.GetTimestamp();
            if (_again.Remove(key))
            {
                Enqueue(key);
            }
        }

        _options.Finished?.Invoke(worked);
    }

    /// <summary>Hands out nothing more; those who wait get an <see cref="OperationCanceledException"/>. Work in
    /// progress can still be reported as done.</summary>
    public void ShutDown()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
        }

        _shutDown.Cancel();
    }

    /// <summary>Shuts down and stops the timer.</summary>
    public void Dispose()
    {
        ShutDown();
        lock (_lock)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    private bool IsDueNow(TKey key) => _ready.Contains(key) || _again.Contains(key);

    private void AddLocked(TKey key)
    {
        if (_shutDown.IsCancellationRequested)
        {
            return;
        }

        _later.Remove(key);
        if (IsDueNow(key))
        {
            return;
        }

        Interlocked.Increment(ref _adds);
        if (_processing.ContainsKey(key))
        {
            _again.Add(key);
        }
        else
        {
            Enqueue(key);
        }
    }

    private void Enqueue(TKey key)
    {
        if (_ready.Count == 0)
        {
            _movedAt = _time.GetTimestamp();
        }

        _ready.Add(key);
        _order.Enqueue((key, _time.GetTimestamp()));
        _available.Release();
    }

    private void AddAfterLocked(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            AddLocked(key);
            return;
        }

        if (_shutDown.IsCancellationRequested || IsDueNow(key))
        {
            return;
        }

        var at = _time.GetTimestamp() + ToTimestamps(delay);
        if (_later.Add(key, at))
        {
            SetTimer(at);
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            var now = _time.GetTimestamp();
            while (_later.TryTake(now, out var key))
            {
                AddLocked(key);
            }

            if (_later.First is { } next)
            {
                SetTimer(next);
            }
        }
    }

    private void SetTimer(long at)
    {
        // Rounded up, so that the timer never fires before the time it was set for; and within a timer's range.
        var milliseconds = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), at).TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }

    // In whole numbers: a fraction of a tick too much would cost a millisecond.
    private long ToTimestamps(TimeSpan delay) =>
        (long)(((Int128)delay.Ticks * _time.TimestampFrequency + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
}
