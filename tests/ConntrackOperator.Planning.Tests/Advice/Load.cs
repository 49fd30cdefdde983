using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Entries of one kind in a table: who makes them, how many, how fast, and how long they have been idle.</summary>
internal sealed record Load(TrafficClass Class, long Entries)
{
    /// <summary>The sources, each with the same share; none: too many to name.</summary>
    internal string[] Sources { get; init; } = [];

    /// <summary>The network that the sources are of.</summary>
    internal string? Network { get; init; }

    internal string? Destination { get; init; }

    /// <summary>Its name or number; null: the usual one of the class, of ICMP by the addresses.</summary>
    internal string? Protocol { get; init; }

    internal int? Port { get; init; }

    /// <summary>New ones a second.</summary>
    internal long New { get; init; }

    /// <summary>Percent that sent nothing after opening; null: not known.</summary>
    internal double? SilentPercent { get; init; }

    /// <summary>Percent of those that were there that sent something between the looks.</summary>
    internal double? SpeakingPercent { get; init; }

    internal bool Translated { get; init; }

    internal int Hosts { get; init; } = 1;

    internal int Ports { get; init; } = 1;

    /// <summary>So many percent have been idle for exactly so long, the rest not at all.</summary>
    internal (double Percent, long Seconds) Idle { get; init; }

    internal long? TimeoutSeconds { get; init; }

    internal double IdlePercent(long seconds) => seconds <= Idle.Seconds ? Idle.Percent : 0;
}
