namespace ConntrackOperator.Cli.Completion;

/// <summary>One thing that can stand there.</summary>
/// <param name="Text">The whole word.</param>
/// <param name="Description">What it is; null: it says so itself.</param>
internal readonly record struct Suggestion(string Text, string? Description);
