namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>What goes wrong, counted a minute; each 0 or more.</summary>
public sealed record RateFacts
{
    /// <summary>False: the counters could not be read, or not compared with those before, and each is 0.</summary>
    public bool Known { get; init; } = true;

    /// <summary>Packets lost because the table was full.</summary>
    public double LostForWant { get; init; }

    /// <summary>Packets lost in races at insertion, which no size of the table helps. Not among <see cref="LostForWant"/>.</summary>
    public double LostInRaces { get; init; }

    /// <summary>Entries evicted to make room.</summary>
    public double EarlyDrops { get; init; }

    /// <summary>Entries that could not be inserted because a hash chain was too long.</summary>
    public double ChainTooLong { get; init; }

    /// <summary>Packets that belong to no connection that could be.</summary>
    public double Invalid { get; init; }

    /// <summary>Below one a minute there is nothing going on, as far as known.</summary>
    internal static bool Counts(double? rate) => rate >= 1;
}
