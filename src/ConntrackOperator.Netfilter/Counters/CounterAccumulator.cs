namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// Makes 64-bit totals of the kernel's 32-bit counters, CPU by CPU, and tells why packets were lost. The first readings count
/// as they are: the totals go on from what the kernel had counted since boot.
/// </summary>
internal sealed class CounterAccumulator
{
    private readonly Dictionary<int, CounterRow> _last = [];
    private readonly HashSet<int> _inFlight = [];
    private readonly long[] _totals = new long[CounterRow.FieldCount];

    /// <inheritdoc cref="ConntrackCounters.RacesLost"/>
    internal long RacesLost { get; private set; }

    /// <inheritdoc cref="ConntrackCounters.TableFullDrops"/>
    internal long TableFullDrops { get; private set; }

    /// <inheritdoc cref="ConntrackCounters.OtherDrops"/>
    internal long OtherDrops { get; private set; }

    internal long this[CounterField field] => _totals[(int)field];

    /// <summary>Adds what was counted since the last reading.</summary>
    /// <param name="rows">The counters of each CPU.</param>
    /// <param name="mayHaveBeenFull">Whether the table may have been full since then.</param>
    /// <returns>False when what was added is not what was counted since the last reading.</returns>
    internal bool Add(ReadOnlySpan<CounterRow> rows, bool mayHaveBeenFull = true)
    {
        var (isFirst, isContinuous) = (_last.Count == 0, true);
        var unexplained = 0L;
        var evicted = false;
        foreach (ref readonly var row in rows)
        {
            if (!_last.TryGetValue(row.Cpu, out var before))
            {
                // Nobody knows when a CPU that comes later counted what it brings: its counters are taken as they are.
                before = isFirst ? default : row;
                isContinuous = isFirst;
            }
            else if (WasReset(before, row))
            {
                // The module was reloaded: all of it is new.
                before = default;
                isContinuous = false;
                _inFlight.Remove(row.Cpu);
            }

            for (var i = 0; i < CounterRow.FieldCount; i++)
            {
                _totals[i] += Step(before, row, (CounterField)i);
            }

            unexplained += TakeRaces(before, row, isFirst);
            evicted |= row[CounterField.EarlyDrop] != before[CounterField.EarlyDrop];

            // A CPU that goes away keeps its place: its counters stay in the kernel and go on when it comes back.
            _last[row.Cpu] = row;
        }

        // Only a table at its limit evicts (net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc).
        if (mayHaveBeenFull || evicted || isFirst)
        {
            TableFullDrops += unexplained;
        }
        else
        {
            OtherDrops += unexplained;
        }

        return isContinuous;
    }

    /// <summary>Takes the rows as the new start without counting them, after a change of source.</summary>
    internal void Rebase(ReadOnlySpan<CounterRow> rows)
    {
        _last.Clear();
        _inFlight.Clear();
        foreach (ref readonly var row in rows)
        {
            _last[row.Cpu] = row;
        }
    }

    /// <summary>
    /// Takes the packets that lost a race out of a CPU's drops. nf_ct_resolve_clash counts such a one in drop, then in
    /// insert_failed, on one CPU; a chain too long is counted in insert_failed but not in drop
    /// (net/netfilter/nf_conntrack_core.c). So every drop that insert_failed can explain was a race.
    /// </summary>
    /// <returns>Drops that were no race.</returns>
    private long TakeRaces(in CounterRow before, in CounterRow row, bool isFirst)
    {
        var drops = Step(before, row, CounterField.Drop) + (_inFlight.Remove(row.Cpu) ? 1 : 0);
        var failed = Step(before, row, CounterField.InsertFailed) - Step(before, row, CounterField.ChainTooLong);
        var races = Math.Clamp(failed, 0, drops);
        RacesLost += races;
        var rest = drops - races;
        if (rest == 1 && races > 0 && !isFirst)
        {
            // The row may have been read between the two increments of one race: the next reading tells.
            _inFlight.Add(row.Cpu);
            return 0;
        }

        return rest;
    }

    private static long Step(in CounterRow before, in CounterRow now, CounterField field) => unchecked(now[field] - before[field]);

    // Counters only grow. A step of more than half the range is a step back, and no CPU counts two thousand million
    // packets between two readings: so it is a reset, and a shorter step past the end is a wrap.
    private static bool WasReset(in CounterRow before, in CounterRow now)
    {
        for (var i = 0; i < CounterRow.FieldCount; i++)
        {
            if (Step(before, now, (CounterField)i) > int.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
