namespace ConntrackOperator.Planning.Advice;

/// <summary>Time-outs that keep entries for longer than they are of use.</summary>
internal static class TimeoutRules
{
    // Freeing less than this share of the table is not worth a change.
    private const double WorthPercent = 5;

    // An entry there is keeps its old time-out until its next packet, and an idle one gets none: with a short one it is soon gone.
    private const long SoonGoneSeconds = 600;

    /// <summary>Time-outs worth shortening.</summary>
    internal static IEnumerable<TimeoutGroup> Worthwhile(Situation situation) => situation.IsTight
        ? situation.Timeouts.Where(group => group.Freed > 0
            && situation.IsAtLeast(group.Freed * 100.0 / situation.Facts.Entries, WorthPercent))
        : [];

    internal static IEnumerable<AdviceItem> Advise(Situation situation) => Worthwhile(situation).Select(group => new AdviceItem
    {
        Kind = AdviceKind.ShorterTimeout,
        Severity = situation.Severity,
        Text = $"{Figures.Percent(Math.Min(100, group.Freed * 100.0 / situation.Facts.Entries))} of entries are {group.Name} and idle for over "
            + $"{KubeDuration.Format(group.Seconds!.Value)}: {Remedy(group, group.Freed)}",
        Field = group.Field,
        Value = KubeDuration.Format(group.Seconds.Value),
        EntriesFreed = group.Freed,
    });

    /// <summary>The field, the value, what that would free, and what it takes for entries that are there.</summary>
    internal static string Remedy(TimeoutGroup group, long freed)
    {
        var value = KubeDuration.Format(group.Seconds!.Value);
        var text = $"{group.Field} {value}";
        if (freed > 0)
        {
            text += $" would free about {Figures.About(freed)}";
        }

        return group.TimeoutSeconds > SoonGoneSeconds
            ? $"{text}; entries that are there keep their old time-out until their next packet, so flush those idle for {value}"
            : text;
    }
}
