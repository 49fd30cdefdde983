namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>One thing to do.</summary>
/// <param name="What">What and why, in a sentence.</param>
/// <param name="Run">Shell that does it, as root on the machine (or where kubectl is set up); null where it is done elsewhere.</param>
/// <param name="Yaml">The policy that the step is about, also where <paramref name="Run"/> has it in itself; null where it is about
/// none.</param>
public sealed record AdviceStep(string What, string? Run = null, string? Yaml = null)
{
    /// <summary>The fields that <see cref="Yaml"/> sets; null where it is none.</summary>
    internal (string Field, string Value)[]? Fields { get; init; }
}
