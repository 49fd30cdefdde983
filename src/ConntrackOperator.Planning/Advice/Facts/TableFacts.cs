using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>
/// What is known of one table: its size, what fills it, who does that, and what goes wrong. What is not known is left out.
/// </summary>
public sealed record TableFacts
{
    /// <summary>How commands for this machine are written.</summary>
    public required AdviceTarget Target { get; init; }

    /// <summary>Entries in the table, 0 or more.</summary>
    public required long Entries { get; init; }

    /// <summary>What the table can hold; 0 when not known, or when the kernel has no limit.</summary>
    public required long Limit { get; init; }

    /// <summary>Buckets of its hash table; 0 when not known.</summary>
    public required long Buckets { get; init; }

    /// <summary>The node's memory in bytes; 0 when not known.</summary>
    public required long NodeMemoryBytes { get; init; }

    /// <summary>How much of the node's memory a full table may take, in percent: the policy's table.memoryLimitPercent.</summary>
    public required int MemoryLimitPercent { get; init; }

    /// <summary>Usage in percent from which pressure is Warning.</summary>
    public int WarningPercent { get; init; } = 75;

    /// <summary>Usage in percent from which pressure is Critical.</summary>
    public int CriticalPercent { get; init; } = 90;

    /// <summary>Whether only a sample was looked at.</summary>
    public bool IsSample { get; init; }

    /// <summary>How far off a share of the entries can be, in percentage points, because only a sample was seen; 0 when all were.</summary>
    public double ErrorBoundPercent { get; init; }

    /// <summary>Percent of the entries that are assured, 0 to 100.</summary>
    public double AssuredPercent { get; init; }

    /// <summary>Every protocol and state that was seen, in any order.</summary>
    public IReadOnlyList<StateFacts> States { get; init; } = [];

    /// <summary>Who does what, in any order.</summary>
    public IReadOnlyList<TrafficFacts> Traffic { get; init; } = [];

    /// <summary>The time between the two looks that rates come from; zero: there was one look only.</summary>
    public TimeSpan Watched { get; init; }

    /// <summary>
    /// For how long the time-outs have been watched without a gap: idle times that are longer take it that they had been the same before.
    /// Null: for as long as the machine has run.
    /// </summary>
    public required TimeSpan? TimeoutsWatchedFor { get; init; }

    /// <summary>New entries a second, of all classes; null: not known.</summary>
    public Bounds? NewPerSecond { get; init; }

    /// <summary>By how many entries a second the table grows; below 0: it shrinks. Null: not known.</summary>
    public double? GrowthPerSecond { get; init; }

    /// <summary>What goes wrong, a minute.</summary>
    public RateFacts Rates { get; init; } = new();

    /// <summary>What the rules say.</summary>
    public RuleFacts Rules { get; init; } = RuleFacts.NotKnown;

    /// <summary>The machine's own addresses.</summary>
    public IReadOnlySet<string> LocalAddresses { get; init; } = new HashSet<string>();

    /// <summary>Its links that are tunnels, as kind and name, such as vxlan flannel.1.</summary>
    public IReadOnlyList<string> TunnelLinks { get; init; } = [];

    /// <summary>Tables of other network namespaces; empty also where none could be looked at.</summary>
    public IReadOnlyList<NamespaceFacts> Namespaces { get; init; } = [];

    /// <summary>Whether the tables of other namespaces were looked for where their processes are seen.</summary>
    public bool NamespacesLooked { get; init; } = true;
}
