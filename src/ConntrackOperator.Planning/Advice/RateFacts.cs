namespace ConntrackOperator.Planning.Advice;

/// <summary>What goes wrong, counted a minute; each 0 or more.</summary>
public sealed record RateFacts
{
    /// <summary>Packets lost because the table was full.</summary>
    public double Drops { get; init; }

    /// <summary>Packets lost in races at insertion, which no size of the table helps. Not among <see cref="Drops"/>.</summary>
    public double RacesLost { get; init; }

    /// <summary>Entries evicted to make room.</summary>
    public double EarlyDrops { get; init; }

    /// <summary>Entries that could not be inserted: a race lost, or a chain too long.</summary>
    public double InsertFailed { get; init; }

    /// <summary>Entries that could not be inserted because a hash chain was too long.</summary>
    public double ChainTooLong { get; init; }
}
