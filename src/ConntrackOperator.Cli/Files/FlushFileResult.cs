using ConntrackOperator.Api.Flushes;

namespace ConntrackOperator.Cli.Files;

/// <summary>What a file of flushes holds.</summary>
/// <param name="Flushes">The flushes, in the order of the file; none when anything is wrong, so that nobody works with half a file.</param>
/// <param name="Errors">All that is wrong, by line.</param>
public sealed record FlushFileResult(IReadOnlyList<ConntrackFlush> Flushes, IReadOnlyList<PolicyFileError> Errors);
