namespace ConntrackOperator.Planning.Advice;

/// <summary>What the rules share: how full the table is, whether packets are lost, and what time-outs would free.</summary>
internal sealed class Situation
{
    /// <summary>Usage in percent below which a table that loses nothing is left alone.</summary>
    internal const double TightPercent = 50;

    /// <summary>Usage in percent from which a table is filling up; the default of pressure.warningPercent.</summary>
    internal const double HighPercent = 75;

    // Below one a minute there is nothing going on.
    private const double RateThatCounts = 1;

    internal Situation(TableFacts facts)
    {
        Facts = facts;
        Usage = facts.Limit > 0 ? facts.Entries * 100.0 / facts.Limit : 0;
        Drops = facts.Rates.Drops >= RateThatCounts;
        IsTight = facts.Entries > 0 && (Usage >= TightPercent || Drops || facts.Rates.EarlyDrops >= RateThatCounts);
        Timeouts = TimeoutGroup.Of(facts);
        Severity = Drops ? AdviceSeverity.Critical
            : Usage >= HighPercent || facts.Rates.EarlyDrops >= RateThatCounts ? AdviceSeverity.Warning
            : AdviceSeverity.Hint;
    }

    internal TableFacts Facts { get; }

    /// <summary>Percent of the limit; 0 when that is not known.</summary>
    internal double Usage { get; }

    /// <summary>Whether packets are lost for want of an entry.</summary>
    internal bool Drops { get; }

    /// <summary>Whether there is a reason to make room at all.</summary>
    internal bool IsTight { get; }

    /// <summary>How pressing it is to make room.</summary>
    internal AdviceSeverity Severity { get; }

    internal IReadOnlyList<TimeoutGroup> Timeouts { get; }

    /// <summary>Whether a share is certain to be at least so large, for all that a sample can tell.</summary>
    internal bool IsAtLeast(double percent, double threshold) => percent >= threshold && percent >= 2 * Facts.ErrorBoundPercent;

    internal static bool Counts(double rate) => rate >= RateThatCounts;
}
