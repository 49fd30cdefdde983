namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>All that is to be said of a table.</summary>
/// <param name="Findings">One a cause, the most severe first; none when nothing is wrong.</param>
/// <param name="NotKnown">What the facts did not suffice for.</param>
/// <param name="Pressure">What the pressure on the table is: Hint stands for none.</param>
/// <param name="FullInSeconds">Seconds until the table is full at today's growth; null: it does not grow, is full, or that is not
/// known.</param>
public sealed record AdviceReport(
    IReadOnlyList<Finding> Findings, IReadOnlyList<NotKnown> NotKnown, AdviceSeverity Pressure, long? FullInSeconds);
