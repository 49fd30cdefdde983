namespace ConntrackOperator.Planning.Advice;

/// <summary>What is known of one node's table: its size, what fills it, and what goes wrong. What is not known is left out.</summary>
public sealed record TableFacts
{
    /// <summary>Entries in the table, 0 or more.</summary>
    public required long Entries { get; init; }

    /// <summary>What the table can hold; 0 when not known.</summary>
    public required long Limit { get; init; }

    /// <summary>Buckets of its hash table; 0 when not known.</summary>
    public required long Buckets { get; init; }

    /// <summary>The node's memory in bytes; 0 when not known.</summary>
    public required long NodeMemoryBytes { get; init; }

    /// <summary>What one entry takes, in bytes: more than the default when the kernel counts packets or keeps timestamps.</summary>
    public int BytesPerEntry { get; init; } = TableSizing.BytesPerEntry;

    /// <summary>How much of the node's memory a full table may take, in percent: the policy's table.memoryLimitPercent.</summary>
    public int MemoryLimitPercent { get; init; } = TableSizing.DefaultMemoryLimitPercent;

    /// <summary>How far off the shares below can be, in percentage points, because only a sample was seen; 0 when all entries were.</summary>
    public double ErrorBoundPercent { get; init; }

    /// <summary>Percent of the entries without a reply, 0 to 100.</summary>
    public double UnrepliedPercent { get; init; }

    /// <summary>Percent of the entries that the kernel keeps when the table is full, 0 to 100.</summary>
    public double AssuredPercent { get; init; }

    /// <summary>Every protocol and state that was seen, in any order.</summary>
    public IReadOnlyList<StateFacts> States { get; init; } = [];

    /// <summary>The sources with most entries, the greatest first.</summary>
    public IReadOnlyList<SourceFacts> TopSources { get; init; } = [];

    /// <summary>The sources with most entries without a reply, the greatest first; percent of all entries.</summary>
    public IReadOnlyList<SourceFacts> TopUnrepliedSources { get; init; } = [];

    /// <summary>The destinations with most TCP entries in ESTABLISHED and CLOSE_WAIT, each state by itself; percent of all entries.</summary>
    public IReadOnlyList<DestinationFacts> TcpDestinations { get; init; } = [];

    /// <summary>What goes wrong, a minute.</summary>
    public RateFacts Rates { get; init; } = new();
}
