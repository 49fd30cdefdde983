namespace ConntrackOperator.Netfilter.Survey;

/// <summary>What one look at the table found about who does what.</summary>
public sealed record TrafficReading
{
    /// <summary>Entries looked at.</summary>
    public required long Looked { get; init; }

    /// <summary>Entries beyond those, which were only remembered for the next look.</summary>
    public required long OnlyRemembered { get; init; }

    /// <summary>Entries of them that were compared with the look before; 0: there was none.</summary>
    public required long RateLooked { get; init; }

    /// <summary>Time between the two looks; zero when there was none before.</summary>
    public required TimeSpan Between { get; init; }

    /// <summary>Entries of <see cref="RateLooked"/> that the look before had not.</summary>
    public required long New { get; init; }

    /// <summary>Whether entries said how much was sent (nf_conntrack_acct) or when they began (nf_conntrack_timestamp).</summary>
    public required bool KnowsSilence { get; init; }

    /// <summary>The groups of each view and class with most entries, in no order.</summary>
    public required IReadOnlyList<TrafficGroup> Groups { get; init; }
}
