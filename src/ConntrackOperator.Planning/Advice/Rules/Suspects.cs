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
    private const double WorthNaming = 0.1;
    private const double NearlyAllIdle = 99;

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
            && Answers(situation, kind).Any(
                group => group.Destination == victim.Destination && group.Port == victim.Port
                    && (victim.Protocol.Length == 0 || group.Protocol == victim.Protocol));
        Protocols = ProtocolsOf(situation);
        Sysctl = SysctlOf(situation);
        Flushed = FlushedOf(situation);
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

    /// <summary>
    /// Names or numbers of the protocols that it has, as the facts tell: a rule or a flush of another one does harm or nothing. None
    /// where they do not tell, or it has too many.
    /// </summary>
    internal IReadOnlyList<string> Protocols { get; }

    /// <summary>The time-out of its entries; null where that is the kernel's own, not known, or of several protocols.</summary>
    internal string? Sysctl { get; }

    /// <summary>
    /// What a flush by <see cref="Protocols"/>, <see cref="Victim"/> and a single source meets: no more than that is freed.
    /// </summary>
    internal Bounds Flushed { get; }

    /// <summary>
    /// Whether it came before and comes no more: nothing new, and what is there has had no packet lately. A short look alone can't tell the
    /// second, and of SYNs nobody can.
    /// </summary>
    internal bool IsOver(Bounds? arrivals) => arrivals is { Most: 0 } && Whole.IdlePercent(Situation.LatelySeconds) >= NearlyAllIdle;

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
        TrafficClass.OtherUnreplied => situation.Groups(TrafficView.Destination, TrafficClass.Other),
        _ => situation.Groups(TrafficView.Destination, TrafficClass.Established, TrafficClass.CloseWait, TrafficClass.TimeWait),
    };

    // By what goes to the victim where that is known; else by all of theirs, as long as nothing of it has been explained.
    private static IEnumerable<TrafficFacts> SourcesOf(Situation situation, TrafficClass kind, TrafficFacts? victim)
    {
        var pairs = situation.RestOf(TrafficView.Pair, kind)
            .Where(
                pair => victim is null
                    || (pair.Destination == victim.Destination && pair.Port == victim.Port && pair.Protocol == victim.Protocol));
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

    private bool IsOfKind(string protocol) => Kind switch
    {
        TrafficClass.UdpUnreplied => protocol is "udp" or "udplite",
        TrafficClass.Icmp => protocol is "icmp" or "icmpv6",
        TrafficClass.OtherUnreplied =>
            protocol.Length > 0 && protocol is not ("tcp" or "udp" or "udplite" or "icmp" or "icmpv6"),
        _ => protocol == "tcp",
    };

    private List<string> ProtocolsOf(Situation situation)
    {
        if (Victim is { } victim && IsOfKind(victim.Protocol))
        {
            return [victim.Protocol];
        }

        if (IsOfKind("tcp"))
        {
            return ["tcp"];
        }

        if (Kind == TrafficClass.Icmp && (Victim?.Destination is not null || Sources.Count + Networks.Count > 0))
        {
            return Victim?.Destination is { } host
                ? [Commands.Icmp(host)]
                : [.. Sources.Concat(Networks).Select(sender => Commands.Icmp(sender.Source!)).Distinct().Order(StringComparer.Ordinal)];
        }

        var all = Shares(situation);
        var sum = all.Sum(one => one.Entries);
        var most = all.Where(one => one.Entries > 0 && one.Entries >= sum * WorthNaming).Take(Few / 2).ToList();
        return most.Sum(one => one.Entries) >= sum * VictimShare
            ? [.. most.Select(one => one.Protocol).Order(StringComparer.Ordinal)] : [];
    }

    // By places, since those tell what has no answer; by states where it goes to too many.
    private List<(string Protocol, long Entries)> Shares(Situation situation)
    {
        var places = situation.RestOf(TrafficView.Destination, Kind).Where(group => IsOfKind(group.Protocol))
            .Select(group => (group.Protocol, group.Entries.Middle)).ToList();
        var of = places.Sum(place => place.Middle) >= Whole.Entries.Middle * NearlyAll
            ? places
            : [.. situation.Facts.States.Where(state => IsOfKind(state.Protocol)).Select(state => (state.Protocol, state.Entries))];
        return
        [
            .. of.GroupBy(one => one.Item1, StringComparer.Ordinal).Select(one => (one.Key, one.Sum(part => part.Item2)))
                .OrderByDescending(one => one.Item2).ThenBy(one => one.Key, StringComparer.Ordinal),
        ];
    }

    private string? SysctlOf(Situation situation) => (Kind, Protocols) switch
    {
        (TrafficClass.SynSent, _) => "nf_conntrack_tcp_timeout_syn_sent",
        (TrafficClass.SynReceived, _) => "nf_conntrack_tcp_timeout_syn_recv",
        (TrafficClass.OneWay, _) => "nf_conntrack_tcp_timeout_unacknowledged",
        (TrafficClass.UdpUnreplied, _) => "nf_conntrack_udp_timeout",
        (TrafficClass.Icmp, ["icmpv6"]) => "nf_conntrack_icmpv6_timeout",
        (TrafficClass.Icmp, ["icmp"]) => "nf_conntrack_icmp_timeout",
        (TrafficClass.OtherUnreplied, { Count: > 0 }) =>
            Protocols.Select(protocol => OwnSysctl(situation, protocol)).Distinct().ToList() is [{ } common] ? common : null,
        _ => null,
    };

    private static string? OwnSysctl(Situation situation, string protocol) => situation.Facts.States
        .Where(state => state.Protocol == protocol).OrderByDescending(state => state.Entries)
        .ThenBy(state => state.State, StringComparer.Ordinal).FirstOrDefault()?.Sysctl;

    private Bounds FlushedOf(Situation situation)
    {
        var of = (Sources is [{ } only] ? only : Victim ?? Whole).Entries;
        var most = Math.Min(of.Most, Whole.Entries.Most);
        var least = Math.Min(of.Least, most);
        if (Victim is not null || Kind is not (TrafficClass.UdpUnreplied or TrafficClass.Icmp or TrafficClass.OtherUnreplied))
        {
            return new Bounds(least, most);
        }

        // States of other protocols do not tell what has no answer: what is met is known within bounds only.
        var all = Shares(situation);
        var met = all.Where(one => Protocols.Contains(one.Protocol)).Sum(one => one.Entries);
        var missed = all.Where(one => !Protocols.Contains(one.Protocol)).Sum(one => one.Entries)
            + Math.Max(0, Whole.Entries.Most - all.Sum(one => one.Entries));
        return missed == 0 ? new Bounds(least, most) : new Bounds(Math.Max(0, least - missed), Math.Min(most, met));
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
