namespace ConntrackOperator.Netfilter.Counters;

/// <summary>The places of the kernel's per-CPU counters in a <see cref="CounterRow"/> (struct ip_conntrack_stat).</summary>
internal enum CounterField
{
    Found,
    Invalid,
    Ignore,
    Insert,
    InsertFailed,
    Delete,
    Drop,
    EarlyDrop,
    Error,
    SearchRestart,
    ClashResolve,
    ChainTooLong,
}
