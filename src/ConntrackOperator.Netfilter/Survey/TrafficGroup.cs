using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Survey;

/// <summary>
/// Entries that have something in common. Counts are of entries seen; a group's true count is up to <see cref="CountError"/> more.
/// </summary>
public sealed record TrafficGroup
{
    /// <summary>
    /// Where idle times are counted from, in seconds: entry i of <see cref="IdleCounts"/> is from the bound i to the next.
    /// </summary>
    public static IReadOnlyList<long> IdleBounds { get; } = [0, 2, 5, 10, 20, 30, 60, 600, 3600, 7440, 21600, 86400];

    /// <summary>What they have in common.</summary>
    public required TrafficView View { get; init; }

    /// <summary>
    /// Their class; <see cref="TrafficClass.Other"/> for <see cref="TrafficView.Translation"/>, which is over all of them.
    /// </summary>
    public required TrafficClass Class { get; init; }

    /// <summary>The protocol's number; 0 where the view does not tell them apart.</summary>
    public required byte Protocol { get; init; }

    /// <summary>The source, or its network's first address; null where the view has none.</summary>
    public FlowAddress? Source { get; init; }

    /// <summary>For <see cref="TrafficView.SourceNetwork"/>: bits that all its sources seen have in common; else 0.</summary>
    public int PrefixLength { get; init; }

    /// <summary>The destination; null where the view has none.</summary>
    public FlowAddress? Destination { get; init; }

    /// <summary>The destination's port; 0 where there is none.</summary>
    public ushort Port { get; init; }

    /// <summary>Entries seen, at least.</summary>
    public required long Count { get; init; }

    /// <summary>How many more there can be.</summary>
    public required long CountError { get; init; }

    /// <summary>Of those looked at for it (<see cref="TrafficReading.RateLooked"/>), entries that the look before had not.</summary>
    public required long New { get; init; }

    /// <summary>Of those looked at for it, entries that the look before had as well.</summary>
    public required long Known { get; init; }

    /// <summary>Of <see cref="Known"/>, entries that had a packet since the look before, for certain.</summary>
    public required long Speaking { get; init; }

    /// <summary>
    /// Entries of which it is known that nothing was sent after the connection was opened: by counters, or by start and last packet.
    /// </summary>
    public required long Silent { get; init; }

    /// <summary>Entries of which it is known that something was.</summary>
    public required long Spoken { get; init; }

    /// <summary>Entries whose destination is translated.</summary>
    public required long DestinationTranslated { get; init; }

    /// <summary>Entries whose source is translated.</summary>
    public required long SourceTranslated { get; init; }

    /// <summary>About how many different sources; at least so many, and 250 means 'or more'.</summary>
    public required int Sources { get; init; }

    /// <summary>About how many different destinations, as <see cref="Sources"/>.</summary>
    public required int Destinations { get; init; }

    /// <summary>About how many different destination ports, as <see cref="Sources"/>.</summary>
    public required int Ports { get; init; }

    /// <summary>For <see cref="TrafficView.Translation"/>: the lowest translated source port; else 0.</summary>
    public ushort LowestPort { get; init; }

    /// <summary>For <see cref="TrafficView.Translation"/>: the highest translated source port; else 0.</summary>
    public ushort HighestPort { get; init; }

    /// <summary>Entries by how long they have been idle at least, where that is known; see <see cref="IdleBounds"/>.</summary>
    public required IReadOnlyList<long> IdleCounts { get; init; }
}
