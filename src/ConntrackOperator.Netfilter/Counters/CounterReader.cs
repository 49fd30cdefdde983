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
    private readonly ICounterRows[] places;
    private readonly TimeProvider time;
    private readonly CounterAccumulator accumulator = new();
    private readonly List<CounterRow> rows = [];
    private int current;
    private int rowsBefore;

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
        this.places = places;
        this.time = time ?? TimeProvider.System;
    }

    /// <summary>Where the last reading came from.</summary>
    public CounterSource Source { get; private set; }

    /// <summary>The first reading: what the kernel had counted when this reader began (the sum of its 32-bit rows).</summary>
    public ConntrackCounters? Baseline { get; private set; }

    /// <summary>Reads the counters.</summary>
    /// <param name="counters">
    /// Totals: <see cref="Baseline"/> and everything counted since. A wrap of a CPU's 32 bits is seen as long as that CPU
    /// counts less than 2^31 between two readings. When the source changes, what was counted between its last reading and
    /// the other's first is left out.
    /// </param>
    /// <returns>False when there is no source: the module is not loaded.</returns>
    public bool TryRead([NotNullWhen(true)] out ConntrackCounters? counters)
    {
        for (var tries = 0; tries < places.Length; tries++)
        {
            var place = places[current];
            if (place.TryRead(rows))
            {
                counters = Take(place.Source);
                return true;
            }

            current = (current + 1) % places.Length;
        }

        counters = null;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var place in places)
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

    private ConntrackCounters Take(CounterSource source)
    {
        var span = CollectionsMarshal.AsSpan(rows);

        // The file numbers its rows by line, so with fewer lines nobody can say which CPU is which any more.
        var unclear = source == CounterSource.Proc && rows.Count < rowsBefore;
        if (Source != CounterSource.None && (Source != source || unclear))
        {
            accumulator.Rebase(span);
        }
        else
        {
            accumulator.Add(span);
        }

        Source = source;
        rowsBefore = rows.Count;
        var counters = new ConntrackCounters
        {
            Drop = accumulator[CounterField.Drop],
            EarlyDrop = accumulator[CounterField.EarlyDrop],
            InsertFailed = accumulator[CounterField.InsertFailed],
            ClashResolve = accumulator[CounterField.ClashResolve],
            ChainTooLong = accumulator[CounterField.ChainTooLong],
            Invalid = accumulator[CounterField.Invalid],
            SearchRestart = accumulator[CounterField.SearchRestart],
            Found = accumulator[CounterField.Found],
            Insert = accumulator[CounterField.Insert],
            Delete = accumulator[CounterField.Delete],
            Ignore = accumulator[CounterField.Ignore],
            Error = accumulator[CounterField.Error],
            At = time.GetUtcNow(),
            Source = source,
        };
        Baseline ??= counters;
        return counters;
    }
}
