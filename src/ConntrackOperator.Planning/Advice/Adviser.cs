namespace ConntrackOperator.Planning.Advice;

/// <summary>Says what to change so that the table does not fill up.</summary>
public static class Adviser
{
    /// <summary>Looks at a table.</summary>
    /// <param name="facts">What is known of it.</param>
    /// <returns>Advice, the most useful first; none when nothing is wrong. The same facts give the same advice.</returns>
    public static IReadOnlyList<AdviceItem> Advise(TableFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var situation = new Situation(facts);
        AdviceItem[] items =
        [
            .. TrafficRules.Advise(situation),
            .. ChainRules.Advise(situation),
            .. SizeRules.Advise(situation),
            .. TimeoutRules.Advise(situation),
        ];

        // What is wrong comes before what would be better; a table full of assured entries has named its best time-out already.
        var full = Array.Find(items, item => item.Kind == AdviceKind.FullOfAssured);
        return
        [
            .. items
                .Where(item => item.Kind != AdviceKind.ShorterTimeout || item.Field != full?.Field)
                .OrderByDescending(item => item.Severity)
                .ThenBy(item => item.Kind)
                .ThenByDescending(item => item.EntriesFreed ?? 0)
                .ThenBy(item => item.Field, StringComparer.Ordinal),
        ];
    }
}
