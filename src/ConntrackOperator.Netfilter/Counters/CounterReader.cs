using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// Reads the counters of the calling thread's network namespace: from ctnetlink, or from /proc where ctnetlink is not there
/// or not allowed. Not safe for several threads at once.
/// </summary>
public sealed class CounterReader : IDisposable
{
    private readonly ICounterRows[] _places;
    private readonly TimeProvider _time;
    private readonly CounterAccumulator _accumulator = new();
    private readonly List<CounterRow> _rows = [];
    private int _current;
    private int _rowsBefore;
    private int _epoch;
    private bool _mayBeFull = true;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="procPath">
    /// Where procfs is mounted. With another path than /proc the counters come from there alone: ctnetlink speaks for the
    /// thread's own namespace, which need not be the one that the path shows.
    /// </param>
    /// <param name="time">The wall clock for <see cref="ConntrackCounters.At"/>; null is the system's.</param>
    public CounterReader(string procPath = "/proc", TimeProvider? time = null)
        : this(Places(procPath), time)
    {
    }

    internal CounterReader(ICounterRows[] places, TimeProvider? time = null)
    {
        _places = places;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Where the last reading came from.</summary>
    public CounterSource Source { get; private set; }

    /// <summary>The first reading: what the kernel had counted when this reader began (the sum of its 32-bit rows).</summary>
    public ConntrackCounters? Baseline { get; private set; }

    /// <summary>Reads the counters, for a table of which it is not known how full it is.</summary>
    /// <inheritdoc cref="TryRead(TableFill, out ConntrackCounters?)"/>
    public bool TryRead([NotNullWhen(true)] out ConntrackCounters? counters) => TryRead(default, out counters);

    /// <summary>Reads the counters.</summary>
    /// <param name="fill">How full the table is now: decides, with what was said at the reading before, what drops were for.</param>
    /// <param name="counters">
    /// Totals: <see cref="Baseline"/> and everything counted since. A wrap of a CPU's 32 bits is seen as long as that CPU
    /// counts less than 2^31 between two readings. When the source changes, what was counted between its last reading and
    /// the other's first is left out.
    /// </param>
    /// <returns>False when there is no source: the module is not loaded.</returns>
    public bool TryRead(TableFill fill, [NotNullWhen(true)] out ConntrackCounters? counters)
    {
        for (var tries = 0; tries < _places.Length; tries++)
        {
            var place = _places[_current];
            if (place.TryRead(_rows))
            {
                counters = Take(place.Source, _mayBeFull || fill.MayBeFull);
                _mayBeFull = fill.MayBeFull;
                return true;
            }

            _current = (_current + 1) % _places.Length;
        }

        counters = null;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var place in _places)
        {
            place.Dispose();
        }
    }

    private static ICounterRows[] Places(string procPath)
    {
        ArgumentNullException.ThrowIfNull(procPath);
        var proc = new ProcCounterRows(procPath);
        return procPath is "/proc" or "/proc/" ? [new CtnetlinkCounterRows(NetlinkSocket.Open), proc] : [proc];
    }

    private ConntrackCounters Take(CounterSource source, bool mayHaveBeenFull)
    {
        var span = CollectionsMarshal.AsSpan(_rows);

        // The file numbers its rows by line, so with more or fewer lines nobody can say which CPU is which any more.
        var unclear = source == CounterSource.Proc && _rows.Count != _rowsBefore;
        if (Source != CounterSource.None && (Source != source || unclear))
        {
            _accumulator.Rebase(span);
            _epoch++;
        }
        else if (!_accumulator.Add(span, mayHaveBeenFull))
        {
            _epoch++;
        }

        Source = source;
        _rowsBefore = _rows.Count;
        var counters = new ConntrackCounters
        {
            Drop = _accumulator[CounterField.Drop],
            TableFullDrops = _accumulator.TableFullDrops,
            RacesLost = _accumulator.RacesLost,
            OtherDrops = _accumulator.OtherDrops,
            EarlyDrop = _accumulator[CounterField.EarlyDrop],
            InsertFailed = _accumulator[CounterField.InsertFailed],
            ClashResolve = _accumulator[CounterField.ClashResolve],
            ChainTooLong = _accumulator[CounterField.ChainTooLong],
            Invalid = _accumulator[CounterField.Invalid],
            SearchRestart = _accumulator[CounterField.SearchRestart],
            Found = _accumulator[CounterField.Found],
            Insert = _accumulator[CounterField.Insert],
            Delete = _accumulator[CounterField.Delete],
            Ignore = _accumulator[CounterField.Ignore],
            Error = _accumulator[CounterField.Error],
            Epoch = _epoch,
            At = _time.GetUtcNow(),
            Source = source,
        };
        Baseline ??= counters;
        return counters;
    }
}
