namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>
/// How lost packets are told, wherever they are: a packet that found no room and one that lost a race look the same to who
/// sent it, and what helps against the one does nothing for the other.
/// </summary>
public static class PacketLoss
{
    /// <summary>Races a minute that are worth telling by themselves: a busy node loses one now and then.</summary>
    public const int RacesThatCount = 10;

    /// <summary>What helps against races at insertion.</summary>
    public const string RaceRemedy =
        "no size of the table helps; for DNS a node-local cache, NAT with random-fully, or single-request-reopen does";

    /// <summary>Packets lost because the table was full.</summary>
    /// <param name="perMinute">How many a minute, more than 0.</param>
    public static string TableFull(double perMinute) => $"{Whole(perMinute)} packets a minute are dropped for want of a conntrack entry";

    /// <summary>Packets lost in races, and what helps.</summary>
    /// <param name="perMinute">How many a minute, more than 0.</param>
    public static string Races(double perMinute) => $"{Whole(perMinute)} packets a minute are lost in races at insertion: {RaceRemedy}";

    /// <summary>A rate as a whole number. One packet in a minute must not read as none.</summary>
    /// <param name="perMinute">The rate, 0 or more.</param>
    public static long Whole(double perMinute) => (long)Math.Ceiling(perMinute);

    /// <summary>A rate as a whole number, where it is known.</summary>
    /// <param name="perMinute">The rate, 0 or more; null: not known.</param>
    public static long? Whole(double? perMinute) => perMinute is { } known ? Whole(known) : null;
}
