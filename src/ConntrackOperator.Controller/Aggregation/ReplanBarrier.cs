namespace ConntrackOperator.Controller.Aggregation;

/// <summary>What a change of a policy waits for: every node that there was has to be planned once since.</summary>
/// <param name="uid">The policy's UID.</param>
/// <param name="generation">The policy's generation.</param>
/// <param name="epoch">The aggregator's epoch when the replan began.</param>
/// <param name="nodes">The nodes.</param>
internal sealed class ReplanBarrier(string? uid, long? generation, long epoch, IEnumerable<string> nodes)
{
    private readonly HashSet<string> _pending = new(nodes, StringComparer.Ordinal);

    /// <summary>Nodes that have not been planned since.</summary>
    public int Pending => _pending.Count;

    /// <summary>Whether this barrier is about the policy as it is.</summary>
    public bool Covers(string? policyUid, long? policyGeneration) =>
        policyUid == uid && (policyGeneration ?? 0) <= (generation ?? 0);

    /// <summary>Whether a pass that began at an epoch has read the policy as this barrier is about it.</summary>
    public bool Includes(long passEpoch) => passEpoch >= epoch;

    /// <summary>A node was planned by a pass that began at an epoch.</summary>
    /// <returns>Whether it was the last one.</returns>
    public bool Planned(string node, long passEpoch) => Includes(passEpoch) && _pending.Remove(node) && _pending.Count == 0;
}
