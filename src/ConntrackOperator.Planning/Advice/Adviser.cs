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
        return [];
    }
}
