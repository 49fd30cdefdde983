using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>Entries that have something in common: who sends what where, how much is new, and what is known of them.</summary>
public sealed record TrafficFacts
{
    /// <summary>Different things are counted up to here; this many means 'or more'.</summary>
    public const int ManyAtLeast = 250;

    /// <summary>What they have in common.</summary>
    public required TrafficView View { get; init; }

    /// <summary>Their class; <see cref="TrafficClass.Other"/> for <see cref="TrafficView.Translation"/>.</summary>
    public required TrafficClass Class { get; init; }

    /// <summary>The protocol's name in lower case, such as tcp, or its number; empty where the view does not tell them apart.</summary>
    public string Protocol { get; init; } = string.Empty;

    /// <summary>The source's address, or its network such as 198.18.0.0/16; null where the view has none.</summary>
    public string? Source { get; init; }

    /// <summary>The destination's address; null where the view has none.</summary>
    public string? Destination { get; init; }

    /// <summary>The destination's port; null where there is none.</summary>
    public int? Port { get; init; }

    /// <summary>How many entries of the table.</summary>
    public required Bounds Entries { get; init; }

    /// <summary>New ones a second; null where there was no look before.</summary>
    public Bounds? NewPerSecond { get; init; }

    /// <summary>
    /// Of the entries of which it is known, the percent that sent nothing after the connection was opened; null: it is known of none.
    /// </summary>
    public double? SilentPercent { get; init; }

    /// <summary>
    /// Of the entries that the look before had as well, the percent that had a packet since, for certain; null: not compared, or too few.
    /// </summary>
    public double? SpeakingPercent { get; init; }

    /// <summary>Percent whose destination is translated, 0 to 100.</summary>
    public double DestinationTranslatedPercent { get; init; }

    /// <summary>Percent whose source is translated, 0 to 100.</summary>
    public double SourceTranslatedPercent { get; init; }

    /// <summary>About how many different sources, 1 to <see cref="ManyAtLeast"/>.</summary>
    public int Sources { get; init; } = 1;

    /// <summary>About how many different destinations, 1 to <see cref="ManyAtLeast"/>.</summary>
    public int Destinations { get; init; } = 1;

    /// <summary>About how many different destination ports, 1 to <see cref="ManyAtLeast"/>.</summary>
    public int Ports { get; init; } = 1;

    /// <summary>For <see cref="TrafficView.Translation"/>: the lowest and the highest translated source port; else null.</summary>
    public (int Lowest, int Highest)? TranslatedPorts { get; init; }

    /// <summary>For <see cref="TrafficView.Translation"/>: the ports that there are, where that is known; else null.</summary>
    public (int Lowest, int Highest)? PortRange { get; init; }

    /// <summary>
    /// Percent of the entries that have been idle for at least so many seconds, by what is known for certain (the least that
    /// they can have been idle); by seconds, rising.
    /// </summary>
    public IReadOnlyList<(long Seconds, double Percent)> IdleAtLeast { get; init; } = [];

    /// <summary>The percent for the next longer time that is counted; 0 where that is not known.</summary>
    public double IdlePercent(long seconds)
    {
        foreach (var (from, percent) in IdleAtLeast)
        {
            if (from >= seconds)
            {
                return percent;
            }
        }

        return 0;
    }
}
