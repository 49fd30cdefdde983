namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// Makes 64-bit totals of the kernel's 32-bit counters, CPU by CPU. The first readings count as they are: the totals go on
/// from what the kernel had counted since boot.
/// </summary>
internal sealed class CounterAccumulator
{
    private readonly Dictionary<int, CounterRow> _last = [];
    private readonly long[] _totals = new long[CounterRow.FieldCount];

    internal long this[CounterField field] => _totals[(int)field];

    /// <summary>Adds what was counted since the last reading.</summary>
    internal void Add(ReadOnlySpan<CounterRow> rows)
    {
        foreach (ref readonly var row in rows)
        {
            if (!_last.TryGetValue(row.Cpu, out var before) || WasReset(before, row))
            {
                // A CPU not seen before, or one whose counters began again (the module was reloaded): all of it is new.
                before = default;
            }

            for (var i = 0; i < CounterRow.FieldCount; i++)
            {
                _totals[i] += unchecked(row[(CounterField)i] - before[(CounterField)i]);
            }

            // A CPU that goes away keeps its place: its counters stay in the kernel and go on when it comes back.
            _last[row.Cpu] = row;
        }
    }

    /// <summary>Takes the rows as the new start without counting them, after a change of source.</summary>
    internal void Rebase(ReadOnlySpan<CounterRow> rows)
    {
        _last.Clear();
        foreach (ref readonly var row in rows)
        {
            _last[row.Cpu] = row;
        }
    }

    // Counters only grow. A step of more than half the range is a step back, and no CPU counts two thousand million
    // packets between two readings: so it is a reset, and a shorter step past the end is a wrap.
    private static bool WasReset(in CounterRow before, in CounterRow now)
    {
        for (var i = 0; i < CounterRow.FieldCount; i++)
        {
            if (unchecked(now[(CounterField)i] - before[(CounterField)i]) > int.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
