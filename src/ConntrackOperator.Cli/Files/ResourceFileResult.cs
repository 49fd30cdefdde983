namespace ConntrackOperator.Cli.Files;

/// <summary>What a file of objects of one kind holds.</summary>
/// <param name="Objects">The objects, in the order of the file; none when anything is wrong.</param>
/// <param name="Errors">All that is wrong, by line.</param>
internal sealed record ResourceFileResult<T>(IReadOnlyList<T> Objects, IReadOnlyList<PolicyFileError> Errors);
