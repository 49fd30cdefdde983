using ConntrackOperator.Api.Flushes;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>How one node stands towards a flush.</summary>
/// <param name="Name">The node.</param>
/// <param name="Reported">Whether the node itself has said how it ended: that stands.</param>
/// <param name="Done">Whether it has done it.</param>
/// <param name="Failure">Why it has not and will not; null while it may still.</param>
/// <param name="Matched">Entries that matched.</param>
/// <param name="Deleted">Entries that were deleted.</param>
/// <param name="Approximate">Whether the two are approximate.</param>
internal readonly record struct FlushProgress(
    string Name, bool Reported, bool Done, FlushFailure? Failure, long Matched, long Deleted, bool Approximate = false);
