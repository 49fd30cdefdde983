using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// What the node's kernel says. Every string, list and number has a bound: a report is somebody else's word, and the controller keeps it in
/// memory.
/// </summary>
public sealed record NodeStatus
{
    /// <summary>The generation of the spec that was applied last.</summary>
    [Range(0, StatusBounds.Count)]
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready, Applied, Drifted, Pressure.</summary>
    [MaxItems(16)]
    public List<Condition>? Conditions { get; init; }

    /// <summary>The table.</summary>
    public TableStatus? Table { get; init; }

    /// <summary>What goes wrong, a minute.</summary>
    public RatesStatus? Rates { get; init; }

    /// <summary>Each setting: what is planned, what the kernel holds, what was there before.</summary>
    [MaxItems(256)]
    public List<SettingStatus>? Settings { get; init; }

    /// <summary>What the table is made of.</summary>
    public CompositionStatus? Composition { get; init; }

    /// <summary>Who has the most entries.</summary>
    public TopStatus? Top { get; init; }

    /// <summary>
    /// Translated addresses and destinations with most ports in use, the worst first, at most 5; of each at least a hundredth.
    /// </summary>
    [MaxItems(5)]
    public List<NatStatus>? Nat { get; init; }

    /// <summary>What to change, with the field of the policy and a value; left out when there is nothing to say.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Advice { get; init; }

    /// <summary>The kind of the most pressing advice, such as TableTooSmall; left out when there is none.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? AdviceReason { get; init; }

    /// <summary>How pressing that is: Hint, Warning or Critical; left out when there is none.</summary>
    [AllowedValues("Hint", "Warning", "Critical")]
    public string? AdviceSeverity { get; init; }

    /// <summary>
    /// Why the table fills up or loses packets, the most severe first; left out when nothing is wrong. `kubectl conntrack advise NODE`
    /// prints it.
    /// </summary>
    [MaxItems(StatusBounds.Findings)]
    public List<NodeFinding>? Findings { get; init; }

    /// <summary>What the agent could not look at for that, and how it is looked at.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingQuestion>? NotLooked { get; init; }

    /// <summary>What became of the flushes in the spec.</summary>
    [MaxItems(64)]
    public List<NodeFlushStatus>? Flushes { get; init; }

    /// <summary>The machine.</summary>
    public NodeFactsStatus? Node { get; init; }

    /// <summary>
    /// When the agent reported. It does so when something changed that a person would care about, else every 5 to 10 minutes.
    /// </summary>
    public DateTimeOffset? ReportedAt { get; init; }
}

/// <summary>The connection-tracking table.</summary>
public sealed record TableStatus
{
    /// <summary>Entries in it.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Entries { get; init; }

    /// <summary>What it can hold; left out when the kernel has no limit (nf_conntrack_max is 0) or there is no table.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Limit { get; init; }

    /// <summary>True where the kernel has no limit, which is the highest there is; left out otherwise.</summary>
    public bool? NoLimit { get; init; }

    /// <summary>The limit for people: a number, or none.</summary>
    [MaxLength(20)]
    public string? LimitText { get; init; }

    /// <summary>Buckets of its hash table.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Buckets { get; init; }

    /// <summary>How full it is, in percent, rounded down; left out without a limit.</summary>
    [Range(0, 100)]
    public int? Percent { get; init; }

    /// <summary>What it would take when full, in bytes (estimated); left out without a limit.</summary>
    [Range(0, StatusBounds.Count)]
    public long? MemoryBytes { get; init; }

    /// <summary>The same for people, such as 320Mi.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Memory { get; init; }

    /// <summary>Bytes of one entry that this reckons with.</summary>
    [Range(0, 65536)]
    public int? EntryBytes { get; init; }

    /// <summary>Why so many: what gives entries extensions, or that nothing does.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? EntryBytesWhy { get; init; }

    /// <summary>
    /// The probability that a new connection found room over the last minute, in percent, rounded down: 100 below the limit; at it, only
    /// where an entry nearby is not assured and can be evicted. Left out when not known.
    /// </summary>
    [Range(0, 100)]
    public int? HeadroomPercent { get; init; }

    /// <summary>
    /// What headroomPercent would be if the table were full of what is in it now (estimated from the sample); left out when not known.
    /// </summary>
    [Range(0, 100)]
    public int? HeadroomWhenFullPercent { get; init; }

    /// <summary>
    /// When the table is full if it goes on as in the last hour, such as 1h40m; left out when it does not grow steadily, or nobody can
    /// tell.
    /// </summary>
    [MaxLength(StatusBounds.Word)]
    public string? FullIn { get; init; }

    /// <summary>The same in seconds.</summary>
    [Range(0, StatusBounds.Count)]
    public long? FullInSeconds { get; init; }

    /// <summary>What fullIn is based on, such as: 1,200 more entries a minute, from 42 minutes.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? FullInBasis { get; init; }
}

/// <summary>
/// What goes wrong, a minute, over the last minute or as long as the agent has counted. What is not known yet is left out.
/// </summary>
public sealed record RatesStatus
{
    /// <summary>Packets dropped because the table was full.</summary>
    [Range(0, StatusBounds.Count)]
    public long? TableFullDropsPerMinute { get; init; }

    /// <summary>
    /// Packets lost in races at insertion: no size of the table helps. For DNS a node-local cache, random-fully or single-request-reopen
    /// does.
    /// </summary>
    [Range(0, StatusBounds.Count)]
    public long? RacesLostPerMinute { get; init; }

    /// <summary>
    /// Packets dropped while the table had room that lost no race: no memory for an entry, or refused by a protocol's tracker.
    /// </summary>
    [Range(0, StatusBounds.Count)]
    public long? OtherDropsPerMinute { get; init; }

    /// <summary>Entries evicted early to make room.</summary>
    [Range(0, StatusBounds.Count)]
    public long? EarlyDropsPerMinute { get; init; }

    /// <summary>Packets lost because a hash chain was too long.</summary>
    [Range(0, StatusBounds.Count)]
    public long? ChainTooLongPerMinute { get; init; }

    /// <summary>Packets that belong to no connection that could be: INVALID.</summary>
    [Range(0, StatusBounds.Count)]
    public long? InvalidPerMinute { get; init; }

    /// <summary>Over how many seconds it was counted.</summary>
    [Range(0, int.MaxValue)]
    public int? OverSeconds { get; init; }
}

/// <summary>One setting.</summary>
public sealed record SettingStatus
{
    /// <summary>The sysctl's name under net.netfilter.</summary>
    [Required, MinLength(1), MaxLength(63)]
    public string? Name { get; init; }

    /// <summary>What is planned; left out when no policy sets it any more.</summary>
    [Range(-StatusBounds.Value, StatusBounds.Value)]
    public long? Desired { get; init; }

    /// <summary>What the kernel holds; left out when it can't be read.</summary>
    [Range(-StatusBounds.Value, StatusBounds.Value)]
    public long? Actual { get; init; }

    /// <summary>What the kernel held before the first write since boot; left out when nothing was written.</summary>
    [Range(-StatusBounds.Value, StatusBounds.Value)]
    public long? Original { get; init; }

    /// <summary>The policy that sets it.</summary>
    [MaxLength(253)]
    public string? Policy { get; init; }

    /// <summary>How it stands.</summary>
    public SettingState? State { get; init; }

    /// <summary>Why it stands so, and what to do; left out when in sync.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Message { get; init; }

    /// <summary>How often something else overwrote it and it was put back, since the agent started.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Rewrites { get; init; }
}

/// <summary>The machine.</summary>
public sealed record NodeFactsStatus
{
    /// <summary>The kernel's release.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Kernel { get; init; }

    /// <summary>Changes at each boot.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? BootId { get; init; }

    /// <summary>The network namespace that is set, by its inode.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? NetworkNamespace { get; init; }

    /// <summary>The same by its cookie, which no other namespace of the same boot is given; left out before Linux 5.14.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? NetworkNamespaceCookie { get; init; }

    /// <summary>Cores.</summary>
    [Range(0, 1048576)]
    public int? Cores { get; init; }

    /// <summary>Memory, in bytes.</summary>
    [Range(0, StatusBounds.Count)]
    public long? MemoryBytes { get; init; }

    /// <summary>The agent's version.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? AgentVersion { get; init; }
}
