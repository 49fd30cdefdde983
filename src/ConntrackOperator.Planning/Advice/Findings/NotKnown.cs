namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>Something that the facts do not tell.</summary>
/// <param name="What">What is not known.</param>
/// <param name="Look">The command that would tell, or what to look at.</param>
public sealed record NotKnown(string What, string Look);
