namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>Another cause that looks alike.</summary>
/// <param name="Cause">Which.</param>
/// <param name="Why">What speaks against it.</param>
public sealed record Rival(Cause Cause, string Why);
