using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// Looks at the time-outs of the calling thread's network namespace, again and again, and remembers. Without a store it knows what
/// was since its own first look. Safe to use from several threads at once.
/// </summary>
public sealed class TimeoutWatch
{
    private static readonly TimeSpan _keepEvery = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _listEvery = TimeSpan.FromSeconds(30);

    private readonly SysctlDirectory _sysctls;
    private readonly TimeProvider _time;
    private readonly ITimeoutStore? _store;
    private readonly Func<INetlinkTransport> _open;
    private readonly Func<INetlinkTransport>? _openRoute;
    private readonly Lock _lock = new();
    private TimeoutHistory? _history;
    private TimeoutHistory? _kept;
    private TimeoutObjects? _objects;
    private TimeSpan _listed;

    /// <summary>Looks at nothing yet.</summary>
    /// <param name="sysctls">Where the sysctls are; null is the default directory.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="store">Where what was seen is kept; null: nowhere.</param>
    public TimeoutWatch(SysctlDirectory? sysctls = null, TimeProvider? time = null, ITimeoutStore? store = null)
        : this(sysctls, time, store, NetlinkSocket.Open, NetlinkSocket.OpenRoute)
    {
    }

    internal TimeoutWatch(
        SysctlDirectory? sysctls, TimeProvider? time, ITimeoutStore? store, Func<INetlinkTransport> open,
        Func<INetlinkTransport>? openRoute = null)
    {
        _openRoute = openRoute;
        _sysctls = sysctls ?? new SysctlDirectory();
        _time = time ?? TimeProvider.System;
        _store = store;
        _open = open;
    }

    /// <summary>For how long the time-outs had been watched without a gap at the last look; null: not looked yet, or for ever.</summary>
    public TimeSpan? WatchedFor
    {
        get
        {
            lock (_lock)
            {
                return _history is null || _history.KnownSince == TimeSpan.MinValue ? null : _history.LastLook - _history.KnownSince;
            }
        }
    }

    /// <summary>Looks, remembers and keeps it; time-out objects are listed every time.</summary>
    /// <returns>All that is known.</returns>
    public TimeoutHistory Look() => Look(Timeout.InfiniteTimeSpan);

    /// <summary>
    /// The same for somebody who looks every few seconds: objects are listed every half minute, and the store is asked when something
    /// changed, or every two minutes. Costs one read of each sysctl otherwise.
    /// </summary>
    /// <returns>All that is known.</returns>
    public TimeoutHistory Glance() => Look(_listEvery);

    /// <summary>
    /// Loads entries into the table, and remembers that: neither they nor any other entry is taken for idle since before. For somebody who
    /// is killed meanwhile that is kept beforehand, for a minute to come.
    /// </summary>
    /// <param name="load">What loads them.</param>
    public T Loading<T>(Func<T> load)
    {
        ArgumentNullException.ThrowIfNull(load);
        Mark(TimeSpan.FromMinutes(1));
        try
        {
            return load();
        }
        finally
        {
            Mark(TimeSpan.Zero);
        }

        void Mark(TimeSpan ahead) => Look(Timeout.InfiniteTimeSpan, ahead);
    }

    /// <summary>A clock for a reading that begins now.</summary>
    /// <param name="assumeHeld">See <see cref="IdleClock"/>.</param>
    public IdleClock Clock(bool assumeHeld = false) => new(Look(), _time, assumeHeld);

    /// <summary>A clock for deletions, in the calling thread's network namespace.</summary>
    /// <param name="assumeHeld">See <see cref="IdleClock"/>.</param>
    internal CurrentClock Follow(bool assumeHeld) => new(this, _sysctls, _open, assumeHeld);

    private TimeoutHistory Look(TimeSpan listEvery, TimeSpan? loadingFor = null)
    {
        lock (_lock)
        {
            var now = MonotonicTime.Now(_time);
            var glances = listEvery != Timeout.InfiniteTimeSpan;
            if (_objects is null || !glances || now - _listed >= listEvery)
            {
                _objects = TimeoutObjects.List(_open, _openRoute);
                _listed = now;
            }

            var look = ConfiguredTimeouts.Read(_sysctls, _time, _objects, _listed);
            _history = _history?.Add(look) ?? TimeoutHistory.Begin(look);
            if (loadingFor is { } ahead)
            {
                _history = _history.WithLoadedEntries(_history.LastLook + ahead);
            }

            if (_store is not null && (!glances || _kept is null || now - _kept.LastLook >= _keepEvery || !_history.SaysTheSameAs(_kept)))
            {
                _kept = _history = _store.Keep(_history) with { Current = look };
            }

            return _history;
        }
    }
}
