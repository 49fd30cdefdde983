namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>Advice in one line, for the status of a node.</summary>
public static class AdviceText
{
    /// <summary>The most severe finding, and how many more there are.</summary>
    /// <param name="findings">What <see cref="Adviser.Advise"/> found.</param>
    /// <returns>One line; null when there is nothing to say, as the status leaves it out then.</returns>
    public static string? Summary(IReadOnlyList<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return findings.Count switch
        {
            0 => null,
            1 => findings[0].Text,
            _ => $"{findings[0].Text} (and {findings.Count - 1} more)",
        };
    }
}
