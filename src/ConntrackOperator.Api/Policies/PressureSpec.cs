using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>From which usage of the table on a node reports pressure. A node takes all of it from one policy.</summary>
[Rule("!has(self.warningPercent) || self.warningPercent < (has(self.criticalPercent) ? self.criticalPercent : 90)",
    RuleMessages.WarningBelowCritical, Field = "warningPercent")]
[Rule("has(self.warningPercent) || !has(self.criticalPercent) || self.criticalPercent > 75",
    RuleMessages.CriticalAboveWarning, Field = "criticalPercent")]
public sealed record PressureSpec
{
    /// <summary>The default of warningPercent.</summary>
    public const int DefaultWarningPercent = 75;

    /// <summary>The default of criticalPercent.</summary>
    public const int DefaultCriticalPercent = 90;

    /// <summary>The least warningPercent.</summary>
    public const int MinimumWarningPercent = 1;

    /// <summary>The greatest warningPercent.</summary>
    public const int MaximumWarningPercent = 99;

    /// <summary>The least criticalPercent.</summary>
    public const int MinimumCriticalPercent = 2;

    /// <summary>The greatest criticalPercent.</summary>
    public const int MaximumCriticalPercent = 100;

    /// <summary>Usage in percent from which the node warns. Left out: 75.</summary>
    [Range(MinimumWarningPercent, MaximumWarningPercent)]
    public int? WarningPercent { get; init; }

    /// <summary>Usage in percent from which the node is critical. Left out: 90.</summary>
    [Range(MinimumCriticalPercent, MaximumCriticalPercent)]
    public int? CriticalPercent { get; init; }

    /// <summary>
    /// Also a condition ConntrackPressure on the Node itself: True while the ConntrackNode's Pressure is (Warning and Critical), Unknown
    /// while no agent reports. Needs the chart's controller.nodeConditions, which gives the right to write it. Left out: false.
    /// </summary>
    public bool? NodeCondition { get; init; }
}
