using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Files;

/// <summary>Finds the name that a person probably meant.</summary>
internal static class FieldSuggestion
{
    /// <summary>Says what is likely meant, or else what there is.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="known">The names that there are.</param>
    internal static string For(string written, IReadOnlyCollection<string> known) => NearestName.Of(written, known) is { } name
        ? $"did you mean {name}?"
        : "allowed here: " + string.Join(", ", known);
}
