namespace ConntrackOperator.Netfilter.Matching;

/// <summary>
/// What one direction of a GRE entry must have; nothing given is no condition. Tunnels without a call's key (all but PPTP) have 0.
/// </summary>
/// <param name="SourceKey">The key of the source.</param>
/// <param name="DestinationKey">The key of the destination.</param>
public readonly record struct GreMatch(ushort? SourceKey = null, ushort? DestinationKey = null)
{
    /// <summary>Whether no condition is given.</summary>
    public bool IsEmpty => SourceKey is null && DestinationKey is null;

    /// <summary>Whether a tuple, which must be one of GRE, has what is given.</summary>
    internal bool Matches(ushort sourceKey, ushort destinationKey) =>
        (SourceKey ?? sourceKey) == sourceKey && (DestinationKey ?? destinationKey) == destinationKey;
}
