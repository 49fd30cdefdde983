namespace ConntrackOperator.Netfilter.Counters;

/// <summary>One place where the kernel shows its per-CPU counters.</summary>
internal interface ICounterRows : IDisposable
{
    CounterSource Source { get; }

    /// <summary>Fills <paramref name="rows"/> with a row a CPU.</summary>
    /// <returns>False when this place is not there or can't be read.</returns>
    bool TryRead(List<CounterRow> rows);
}
