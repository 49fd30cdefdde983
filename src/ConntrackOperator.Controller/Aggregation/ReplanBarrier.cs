namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The planning that a change of a policy calls for: every node there was has to be planned once since.</summary>
/// <param name="uid">The policy's UID.</param>
/// <param name="generation">The policy's generation.</param>
/// <param name="epoch">When it began, by the board's count.</param>
/// <param name="nodes">The nodes.</param>
internal sealed class ReplanBarrier(string? uid, long? generation, long epoch, IEnumerable<string> nodes)
{
    private readonly HashSet<string> _left = new(nodes, StringComparer.Ordinal);

    /// <summary>Nodes that have not been planned since.</summary>
    public int Left => _left.Count;

    /// <summary>Whether this round is about the policy as it is.</summary>
    public bool Covers(string? policyUid, long? policyGeneration) =>
        policyUid == uid && (policyGeneration ?? 0) <= (generation ?? 0);

    /// <summary>Whether what was known at an epoch is what this round is about.</summary>
    public bool IsAbout(long at) => at >= epoch;

    /// <summary>A node was planned from what was known at an epoch.</summary>
    /// <returns>Whether it was the last one of the round.</returns>
    public bool Planned(string node, long at) => IsAbout(at) && _left.Remove(node) && _left.Count == 0;
}
