using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>How many entries a rate needs at a time-out, against what the table has.</summary>
/// <param name="PerSecond">New entries a second.</param>
/// <param name="Seconds">How long each lives.</param>
/// <param name="Has">Entries of the table that they can have: the limit less what everything else takes.</param>
public sealed record Demand(long PerSecond, long Seconds, long Has)
{
    /// <summary>Entries that are there at any time.</summary>
    public long Needs => PerSecond * Seconds;

    /// <summary>Whether they fit.</summary>
    public bool Suffices => Needs <= Has;

    /// <summary>The sum in a sentence.</summary>
    public string Text =>
        $"{PerSecond:N0} a second for {KubeDuration.Format(Seconds)} each are {Needs:N0} entries at any time; the table has {Has:N0} for "
            + "them";
}
