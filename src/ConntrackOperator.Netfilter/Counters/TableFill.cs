namespace ConntrackOperator.Netfilter.Counters;

/// <summary>How full the table is, to tell why packets were lost: a table far from its limit loses none for want of room.</summary>
/// <param name="Entries">Entries in it (nf_conntrack_count); null when not known.</param>
/// <param name="Limit">nf_conntrack_max, 0 for no limit; null when not known.</param>
public readonly record struct TableFill(long? Entries, long? Limit)
{
    /// <summary>Of the limit, in percent: a table that holds less at two readings in a row was not full between them.</summary>
    public const int NearPercent = 50;

    /// <summary>Whether it may be or have been full. What is not known may be.</summary>
    public bool MayBeFull =>
        Limit is not { } limit || (limit > 0 && (Entries is not { } entries || (Int128)entries * 100 >= (Int128)limit * NearPercent));
}
