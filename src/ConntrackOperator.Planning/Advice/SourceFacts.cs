namespace ConntrackOperator.Planning.Advice;

/// <summary>What one source makes of the table.</summary>
/// <param name="Address">The original source.</param>
/// <param name="Percent">Percent of all entries, 0 to 100.</param>
public sealed record SourceFacts(string Address, double Percent);
