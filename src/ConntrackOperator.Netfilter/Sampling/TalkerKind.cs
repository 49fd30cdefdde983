namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What of a key's entries <see cref="HeavyHitters"/> counts apart.</summary>
internal enum TalkerKind
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>Of sources: entries without a reply. Of destinations: TCP in ESTABLISHED.</summary>
    First,

    /// <summary>Of destinations: TCP in CLOSE_WAIT.</summary>
    Second,
}
