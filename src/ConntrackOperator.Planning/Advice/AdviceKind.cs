namespace ConntrackOperator.Planning.Advice;

/// <summary>What a piece of advice is about; of two that are equally pressing, the earlier here is the more useful.</summary>
public enum AdviceKind
{
    /// <summary>One source floods the table or scans through it.</summary>
    FloodFromOneSource,

    /// <summary>Most entries have no reply, and no single source is to blame.</summary>
    UnrepliedMajority,

    /// <summary>Hash chains are too long: entries are refused although the table has room.</summary>
    ChainsTooLong,

    /// <summary>The table is full of entries that the kernel won't evict, and packets are dropped.</summary>
    FullOfAssured,

    /// <summary>Connections to one destination pile up: a client does not close them.</summary>
    LeakingClient,

    /// <summary>Entries live longer than they are of use.</summary>
    ShorterTimeout,

    /// <summary>The table is too small for what is really in use.</summary>
    TableTooSmall,
}
