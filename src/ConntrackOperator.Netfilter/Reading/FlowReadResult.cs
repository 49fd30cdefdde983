using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>How reading the table went.</summary>
/// <param name="Source">Where it was read.</param>
/// <param name="Entries">Entries that the kernel gave, before any filter of ours.</param>
/// <param name="Complete">Whether the end was reached and the kernel did not say that entries may be missing or doubled.</param>
/// <param name="Interrupted">Whether the kernel said so (NLM_F_DUMP_INTR).</param>
/// <param name="Undecodable">Entries passed over because they made no sense.</param>
public readonly record struct FlowReadResult(FlowSource Source, long Entries, bool Complete, bool Interrupted, long Undecodable)
{
    /// <summary>
    /// Entries that did not match only because it is not certain that they were idle for so long: they were if the time-outs that were
    /// found first had held before (<see cref="FlowMatch.TimeoutsHeld"/>).
    /// </summary>
    public long MatchingIfHeld { get; init; }
}
