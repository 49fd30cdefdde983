namespace ConntrackOperator.Engine.Enforcement;

/// <summary>How patient the enforcer is.</summary>
public sealed record EnforcerOptions
{
    /// <summary>So many rewrites of one key within <see cref="ContestWindow"/> mean that something else wants another value.</summary>
    public int ContestedAfter { get; init; } = 5;

    /// <summary>The time in which rewrites are counted.</summary>
    public TimeSpan ContestWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a contested key is still put back.</summary>
    public TimeSpan ContestedRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The share of time for which changes of the hash table's size may hold the locks of connection tracking: the dearer of two
    /// changes, divided by this, is the least time between them.
    /// </summary>
    public double RehashShare { get; init; } = 0.01;

    /// <summary>A change that holds the locks no longer than this waits for nothing: some twenty thousand entries.</summary>
    public TimeSpan FreeRehash { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The table is lowered only when it would then be less full than this, in percent.</summary>
    public int LowerBelowPercent { get; init; } = 80;

    /// <summary>The first wait after a write that failed; doubled at each further one.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait after a write that failed.</summary>
    public TimeSpan LastRetry { get; init; } = TimeSpan.FromMinutes(5);
}
