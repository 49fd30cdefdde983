namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>A rule that translates sources to few ports.</summary>
/// <param name="Text">The rule as it is listed.</param>
/// <param name="LowestPort">The first port.</param>
/// <param name="HighestPort">The last port.</param>
/// <param name="Widen">The command that puts the same rule with ports 1024 to 65535 before it.</param>
public sealed record TranslationRule(string Text, int LowestPort, int HighestPort, string Widen);
