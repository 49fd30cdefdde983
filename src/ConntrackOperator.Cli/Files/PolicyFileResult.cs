using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Cli.Files;

/// <summary>What a policy file holds.</summary>
/// <param name="Policies">The policies, in the order of the file; none when anything is wrong, so that nobody works with half a
/// file.</param>
/// <param name="Errors">All that is wrong, by line.</param>
public sealed record PolicyFileResult(IReadOnlyList<ConntrackPolicy> Policies, IReadOnlyList<PolicyFileError> Errors);
