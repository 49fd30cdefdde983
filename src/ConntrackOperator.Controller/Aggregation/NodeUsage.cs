using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>What one node adds to the usage of its policies.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Limit">What the table can hold; 0 when that is not known, or there is no limit.</param>
/// <param name="Percent">How full it is.</param>
/// <param name="TableFullDrops">Packets dropped a minute because the table was full; null when not known yet.</param>
/// <param name="RacesLost">Packets lost a minute in races; null when not known yet.</param>
/// <param name="Pressure">The condition's reason: Normal, Warning or Critical.</param>
/// <param name="NoLimit">Whether the kernel has no limit.</param>
internal readonly record struct NodeUsage(
    long Entries, long Limit, int Percent, long? TableFullDrops, long? RacesLost, string Pressure, bool NoLimit = false)
{
    /// <summary>What the agent advises; null: nothing.</summary>
    public ReportedAdvice? Advice { get; init; }

    /// <summary>From a report. It is bounded here too: a cluster may have the CRDs of before, and these are summed up.</summary>
    public static NodeUsage From(NodeStatus? status) => status?.Table is not { } table
        ? new NodeUsage(0, 0, 0, null, null, ConditionReasons.Normal)
        : new NodeUsage(
            Count(table.Entries) ?? 0,
            Count(table.Limit) ?? 0,
            Math.Clamp(table.Percent ?? 0, 0, 100),
            Count(status.Rates?.TableFullDropsPerMinute),
            Count(status.Rates?.RacesLostPerMinute),
            Condition.Find(status.Conditions, ConditionTypes.Pressure)?.Reason switch
            {
                ConditionReasons.Critical => ConditionReasons.Critical,
                ConditionReasons.Warning => ConditionReasons.Warning,
                _ => ConditionReasons.Normal,
            },
            table.NoLimit == true)
        {
            Advice = ReportedAdvice.From(status),
        };

    private static long? Count(long? number) => number is { } given ? Math.Clamp(given, 0, StatusBounds.Count) : null;
}
