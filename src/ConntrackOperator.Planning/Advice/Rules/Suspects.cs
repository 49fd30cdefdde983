using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Who sends what is not answered, and where to.</summary>
internal sealed class Suspects
{
    private const double NearlyAll = 0.9;
    private const int Few = 8;
    private const double VictimShare = 0.5;

    internal Suspects(Situation situation, TrafficClass kind)
    {
        Kind = kind;
        Whole = situation.Rest(kind)!;
        Victim = situation.RestOf(TrafficView.Destination, kind)
            .FirstOrDefault(group => group.Entries.Middle >= Whole.Entries.Middle * VictimShare);
        var of = Victim ?? Whole;
        Sources = Cover(SourcesOf(situation, kind, Victim), of.Entries.Middle);
        Networks = Sources.Count > 0 || situation.HasExplainedPorts
            ? [] : Cover(situation.Groups(TrafficView.SourceNetwork, kind), of.Entries.Middle);
        IsAnswered = Victim is { } victim
            && Answers(situation, kind).Any(group => group.Destination == victim.Destination && group.Port == victim.Port);
    }

    internal TrafficClass Kind { get; }

    internal TrafficFacts Whole { get; }

    /// <summary>Where at least half of it goes; null: it is spread.</summary>
    internal TrafficFacts? Victim { get; }

    /// <summary>The few sources that nearly all of it comes from; none when there are more.</summary>
    internal IReadOnlyList<TrafficFacts> Sources { get; }

    /// <summary>The few networks that nearly all of it comes from, where the sources are many; else none.</summary>
    internal IReadOnlyList<TrafficFacts> Networks { get; }

    /// <summary>Whether somebody else gets answers where it goes: a service is there.</summary>
    internal bool IsAnswered { get; }

    /// <summary>Where it goes, in words.</summary>
    internal string Where => Victim is { } victim ? $"to {Figures.End(victim.Destination, victim.Port)}"
        : Whole.Destinations >= 2 && Whole.Ports >= 2 ? "to many hosts and ports"
        : Whole.Destinations >= 2 ? "to many hosts" : "to many ports";

    /// <summary>Where it comes from, in words.</summary>
    internal string From => Sources.Count > 0 ? $"from {Figures.List(Sources.Select(s => s.Source!))}"
        : Networks.Count > 0 ? $"from many sources in {Figures.List(Networks.Select(s => s.Source!))}"
        : "from many sources";

    private static IEnumerable<TrafficFacts> Answers(Situation situation, TrafficClass kind) => kind switch
    {
        TrafficClass.UdpUnreplied => situation.Groups(TrafficView.Destination, TrafficClass.UdpReplied, TrafficClass.UdpStream),
        _ => situation.Groups(TrafficView.Destination, TrafficClass.Established, TrafficClass.CloseWait, TrafficClass.TimeWait),
    };

    // By what goes to the victim where that is known; else by all of theirs, as long as nothing of it has been explained.
    private static IEnumerable<TrafficFacts> SourcesOf(Situation situation, TrafficClass kind, TrafficFacts? victim)
    {
        var pairs = situation.RestOf(TrafficView.Pair, kind)
            .Where(pair => victim is null || (pair.Destination == victim.Destination && pair.Port == victim.Port));
        return victim is null && !situation.HasExplainedPorts
            ? situation.RestOf(TrafficView.Source, kind)
            : pairs.GroupBy(pair => pair.Source!, StringComparer.Ordinal)
                .Select(
                    group => group.First() with
                    {
                        View = TrafficView.Source,
                        Entries = group.Aggregate(default(Bounds), (sum, pair) => sum + pair.Entries),
                    })
                .OrderByDescending(group => group.Entries.Least);
    }

    private static List<TrafficFacts> Cover(IEnumerable<TrafficFacts> groups, long entries)
    {
        var chosen = new List<TrafficFacts>();
        var sum = 0L;
        foreach (var group in groups.Take(Few))
        {
            chosen.Add(group);
            sum += group.Entries.Middle;
            if (sum >= entries * NearlyAll)
            {
                return chosen;
            }
        }

        return [];
    }

    /// <summary>Parties for the finding.</summary>
    internal IEnumerable<Party> Parties(Situation situation) =>
    [
        .. Sources.Select(situation.Source),
        .. Networks.Select(network => situation.Source(network) with { Address = null, Network = network.Source }),
        .. Victim is { } victim ? (Party[])[situation.Destination(victim)] : [],
    ];
}
