using System.Net;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>What to do against a flood: first what stops it before tracking and hurts nobody else, last what only holds it.</summary>
internal sealed record FloodRemedy
{
    // The kernel's own, in seconds (nf_conntrack_proto_tcp.c, TCP_CONNTRACK_UNACK).
    private const long Unacknowledged = 300;

    internal required string Headline { get; init; }

    internal IReadOnlyList<AdviceStep> Now { get; init; } = [];

    internal IReadOnlyList<AdviceStep> ForGood { get; init; } = [];

    internal string? Field { get; init; }

    internal string? Value { get; init; }

    internal Demand? Enough { get; init; }

    internal bool Sufficient { get; init; } = true;

    internal string? Elsewhere { get; init; }

    internal IReadOnlyList<string> MayBreak { get; init; } = [];

    internal static FloodRemedy For(Situation situation, Suspects suspects, string sysctl)
    {
        var enough = Timeouts(situation, suspects.Whole, sysctl);
        var remedy = Over(situation, suspects, sysctl) ?? BySource(situation, suspects) ?? ByPort(situation, suspects)
            ?? Held(situation, suspects, sysctl, enough) ?? Special(situation, suspects) ?? Nothing(situation, suspects, enough);
        return remedy with { Enough = enough };
    }

    /// <summary>
    /// The longest safe time-out that holds the rate, or the shortest safe one when none does; null: the rate or the time-out is not known.
    /// </summary>
    internal static Demand? Timeouts(Situation situation, TrafficFacts whole, string sysctl)
    {
        if (situation.Arrivals(whole.NewPerSecond) is not { Most: > 0 } arrivals || situation.Timeout(sysctl) is not { } now
            || situation.Facts.Limit <= 0)
        {
            return null;
        }

        var room = situation.RoomFor(whole.Entries.Middle);
        var steps = TimeoutFloors.Below(sysctl, now).Prepend(now).Select(seconds => new Demand(arrivals.Most, seconds, room)).ToList();
        return steps.Find(demand => demand.Suffices) ?? steps[^1];
    }

    // What many connections that ended without their entries leave behind: nothing comes that would fill the table again.
    private static FloodRemedy? Over(Situation situation, Suspects suspects, string sysctl)
    {
        if (suspects.Kind != TrafficClass.OneWay || situation.Arrivals(suspects.Whole.NewPerSecond) is not { } arrivals)
        {
            return null;
        }

        var timeout = situation.Timeout(sysctl) ?? Unacknowledged;
        return arrivals.Most * timeout > situation.RoomFor(suspects.Whole.Entries.Middle) ? null : new FloodRemedy
        {
            Headline = "it is over: flush what is left of it",
            Now = [FlushStep(situation, suspects)],
        };
    }

    // A few senders, or networks of forged senders: dropped before tracking, and only what opens connections to where the flood goes.
    private static FloodRemedy? BySource(Situation situation, Suspects suspects)
    {
        var sources = suspects.Sources.Count > 0 ? suspects.Sources : suspects.Networks;
        if (sources.Count == 0 || ProtocolOf(situation, suspects) is not { } protocol
            || (suspects.Kind is not (TrafficClass.SynSent or TrafficClass.SynReceived)
                && sources.Any(source => IsServed(situation, suspects, source))))
        {
            return null;
        }

        var local = sources.Any(source => situation.Facts.LocalAddresses.Contains(source.Source!));
        if (local && suspects.Victim is null && suspects.Kind == TrafficClass.OneWay)
        {
            // A rule for all TCP of an address of its own would cut this machine off.
            return null;
        }

        var names = Figures.List(sources.Select(source => source.Source!));
        var drop = Commands.BeforeTracking(
            situation.Facts.Rules, "drop", local, [.. sources.Select(source => Of(suspects, source.Source, protocol))]);
        var broken = suspects.Networks.Count > 0 || suspects.Kind is TrafficClass.SynSent or TrafficClass.SynReceived
            ? $"new connections of {names} {suspects.Where}; those that are open go on"
            : $"all such packets of {names} {suspects.Where}";
        return new FloodRemedy
        {
            Headline = $"drop it before tracking, by its source, then flush {Names(suspects.Kind)}",
            Now =
            [
                new AdviceStep($"Drop it before tracking: what never gets an entry can't fill the table", drop),
                FlushStep(situation, suspects),
            ],
            ForGood =
            [
                new AdviceStep(
                    local
                        ? $"Find the program on this machine that sends it"
                        : $"Find out who has {names}, and stop it there or at the edge", local ? Sockets(suspects) : null),
                Commands.Undo(situation.Facts.Rules, "When it is over, take the rules away"),
            ],
            MayBreak = [broken],
        };
    }

    // Nothing answers there, so nobody is hurt when nothing more gets there.
    private static FloodRemedy? ByPort(Situation situation, Suspects suspects)
    {
        if (suspects.Victim is not { Port: not null } victim || suspects.IsAnswered || ProtocolOf(situation, suspects) is not { } protocol
            || suspects.Kind is TrafficClass.SynReceived or TrafficClass.Icmp or TrafficClass.OneWay)
        {
            return null;
        }

        var place = Figures.End(victim.Destination, victim.Port);
        return new FloodRemedy
        {
            Headline = $"nothing answers at {place}: drop it before tracking, then flush {Names(suspects.Kind)}",
            Now =
            [
                new AdviceStep(
                    $"Nothing answers at {place}: drop what goes there before tracking",
                    Commands.BeforeTracking(situation.Facts.Rules, "drop", false, Of(suspects, null, protocol))),
                FlushStep(situation, suspects),
            ],
            ForGood =
            [
                new AdviceStep($"Whoever should answer at {place}: start it, or close the port at the edge"),
                Commands.Undo(situation.Facts.Rules, "When it is over, or something is to answer there, take the rules away"),
            ],
            MayBreak = [$"a service that is started at {place} later gets nothing until the rules are gone"],
        };
    }

    private static FloodRemedy? Held(Situation situation, Suspects suspects, string sysctl, Demand? enough)
    {
        if (enough is not { Suffices: true } || situation.Timeout(sysctl) is not { } now || enough.Seconds >= now
            || !SettingCatalog.BySysctl.TryGetValue(sysctl, out var field))
        {
            return null;
        }

        var value = KubeDuration.Format(enough.Seconds);
        return new FloodRemedy
        {
            Headline = $"{field.Path} {value} holds it",
            Now =
            [
                Commands.InForce(
                    situation.Facts.Target,
                    Commands.Apply(
                        situation.Facts.Target, $"With {value} the table holds this rate: {enough.Text}", (field.Path, value))),
                FlushStep(situation, suspects),
            ],
            ForGood = [new AdviceStep("Limit it at the edge, before this machine: twice the rate needs twice the room")],
            Field = field.Path,
            Value = value,
            MayBreak = [$"what is answered later than {value} after it was sent is lost"],
        };
    }

    private static FloodRemedy? Special(Situation situation, Suspects suspects)
    {
        var (facts, victim) = (situation.Facts, suspects.Victim);
        switch (suspects.Kind)
        {
            case TrafficClass.OneWay:
                return new FloodRemedy
                {
                    Headline = "tcp.loose false lets such packets make no entries",
                    Now =
                    [
                        Commands.InForce(
                            facts.Target,
                            Commands.Apply(
                                facts.Target, "Without tcp.loose a packet from the middle of a connection that nobody knows makes no entry",
                                ("tcp.loose", "false"))),
                        FlushStep(situation, suspects),
                    ],
                    ForGood = [new AdviceStep("Limit it at the edge, before this machine")],
                    Field = "tcp.loose",
                    Value = "false",
                    MayBreak = [
                        "connections whose entries are deleted, or that were open before this machine booted, are not picked up again"],
                };
            case TrafficClass.UdpUnreplied
                when victim is { Port: { } port, DestinationTranslatedPercent: < 1, SourceTranslatedPercent: < 1 }:
                var there = new Packets { Protocol = "udp", Destination = victim.Destination, DestinationPort = port };
                var back = new Packets { Protocol = "udp", Source = victim.Destination, SourcePort = port };
                return new FloodRemedy
                {
                    Headline = $"no time-out holds it: do not track {Figures.End(victim.Destination, port)}",
                    Now =
                    [
                        new AdviceStep(
                            "No time-out holds this rate, and addresses are not translated there: leave that port out of tracking, both "
                                + "ways", Commands.NoTrack(facts.Rules, there, back)),
                        FlushStep(situation, suspects),
                    ],
                    ForGood = [
                        new AdviceStep("Limit it at the edge, before this machine"),
                        Commands.Undo(facts.Rules, "When it is over, take the rules away")],
                    MayBreak = ["a firewall that lets in only what is established or related must let in what is untracked there"],
                };
            case TrafficClass.Icmp when suspects.Whole is { DestinationTranslatedPercent: < 1, SourceTranslatedPercent: < 1 }:
                return new FloodRemedy
                {
                    Headline = "do not track ICMP echo",
                    Now =
                    [
                        new AdviceStep(
                            "Leave echo requests and their answers out of tracking: pings go on, and make no entries",
                            Commands.NoTrack(facts.Rules, new Packets { Protocol = "icmp" }, new Packets { Protocol = "icmpv6" })),
                        FlushStep(situation, suspects),
                    ],
                    ForGood = [
                        new AdviceStep("Limit it at the edge, before this machine"),
                        Commands.Undo(facts.Rules, "When it is over, take the rules away")],
                    MayBreak = [
                        "errors such as 'fragmentation needed' are no longer matched with the connection they are about, where addresses "
                            + "are translated"],
                };
            default:
                return null;
        }
    }

    private static FloodRemedy Nothing(Situation situation, Suspects suspects, Demand? enough)
    {
        var why = enough is null ? "whether a time-out holds it is not known before the rate is" : $"no time-out holds it: {enough.Text}";
        var room = Larger(situation, suspects, enough);
        return new FloodRemedy
        {
            Headline = enough is null
                ? "measure its rate" : room is null ? "no time-out here holds it: stop it before this node" : "a larger table holds it",
            Now = [.. room is null ? [] : (AdviceStep[])[room.Value.Step], FlushStep(situation, suspects)],
            ForGood =
            [
                new AdviceStep(suspects.Kind == TrafficClass.SynReceived
                    ? "Stop or limit it before this machine: at the edge, at the provider, or by a SYN proxy in front. None is offered "
                    + "here as a command: nft's synproxy needs SYNs to that port untracked, which are not translated then (Services "
                    + "break), and tcp.loose 0 for the whole machine (connections whose entries are gone are not picked up again)"
                    : "Stop or limit it before this machine: at the edge or at the provider"),
            ],
            Sufficient = room is not null,
            Field = room?.Field,
            Value = room?.Value,
            Elsewhere = room is not null ? null
                : $"{why}; the sources are many and a service answers there, so nothing on this machine tells the flood's packets from "
                + "others': limit them at the edge"
                + (suspects.Kind is TrafficClass.SynSent or TrafficClass.SynReceived ? " or put a SYN proxy in front" : string.Empty),
            MayBreak = suspects.Kind == TrafficClass.SynReceived ? ["a handshake that is under way is begun again by its client"] : [],
        };
    }

    private static (AdviceStep Step, string Field, string Value)? Larger(Situation situation, Suspects suspects, Demand? enough)
    {
        if (enough is not { Suffices: false } || situation.Timeout(_sysctlOf(suspects.Kind)) is not { } seconds)
        {
            return null;
        }

        var others = Math.Max(0, situation.Facts.Entries - suspects.Whole.Entries.Middle);
        return SizeRules.Size(situation.Facts, (enough.PerSecond * seconds) + others) is not { } entries ? null : (
            Commands.InForce(
                situation.Facts.Target,
                Commands.Apply(
                    situation.Facts.Target,
                    $"A table that holds what comes in {KubeDuration.Format(seconds)}: {Figures.Count(enough.PerSecond)} a second",
                    ("table.size.entries", entries.ToString()))),
            "table.size.entries",
            entries.ToString());
    }

    private static readonly Func<TrafficClass, string> _sysctlOf = kind => kind switch
    {
        TrafficClass.SynSent => "nf_conntrack_tcp_timeout_syn_sent",
        TrafficClass.SynReceived => "nf_conntrack_tcp_timeout_syn_recv",
        TrafficClass.UdpUnreplied => "nf_conntrack_udp_timeout",
        TrafficClass.Icmp => "nf_conntrack_icmp_timeout",
        _ => "nf_conntrack_generic_timeout",
    };

    private static bool IsServed(Situation situation, Suspects suspects, TrafficFacts source) =>
        situation.Groups(TrafficView.Pair, TrafficClass.UdpReplied, TrafficClass.UdpStream, TrafficClass.Established).Any(pair =>
            Contains(source.Source!, pair.Source!)
            && (suspects.Victim is not { } victim || (pair.Destination == victim.Destination && pair.Port == victim.Port)));

    private static bool Contains(string addressOrNetwork, string address) => addressOrNetwork == address
        || (IPNetwork.TryParse(addressOrNetwork, out var network) && IPAddress.TryParse(address, out var one) && network.Contains(one));

    /// <summary>Null where that is not known, and where it is ICMP of both versions of IP: a rule or flush needs one.</summary>
    private static string? ProtocolOf(Situation situation, Suspects suspects)
    {
        string?[] seen = [suspects.Victim?.Protocol, suspects.Whole.Protocol, situation.LargestOther()?.Protocol];
        return suspects.Kind switch
        {
            TrafficClass.UdpUnreplied => "udp",
            TrafficClass.Icmp when suspects.Victim?.Destination is { } victim => Commands.Icmp(victim),
            TrafficClass.Icmp => suspects.Sources.Concat(suspects.Networks).FirstOrDefault()?.Source is { } sender
                ? Commands.Icmp(sender) : null,
            TrafficClass.OtherUnreplied => seen.FirstOrDefault(protocol => !string.IsNullOrEmpty(protocol)),
            _ => "tcp",
        };
    }

    private static Packets Of(Suspects suspects, string? source, string protocol) => new()
    {
        Protocol = protocol,
        Source = source,
        Destination = suspects.Victim?.Destination,
        DestinationPort = suspects.Kind is TrafficClass.Icmp or TrafficClass.OtherUnreplied ? null : suspects.Victim?.Port,
        SynOnly = suspects.Kind is TrafficClass.SynSent or TrafficClass.SynReceived,
    };

    private static AdviceStep FlushStep(Situation situation, Suspects suspects)
    {
        var (victim, target) = (suspects.Victim, situation.Facts.Target);
        var source = suspects.Sources is [{ } only] ? only.Source : null;
        var protocol = ProtocolOf(situation, suspects);
        var run = suspects.Kind switch
        {
            TrafficClass.SynSent => Commands.Flush(target, "tcp", ["SYN_SENT"], false, source, victim?.Destination, victim?.Port),
            TrafficClass.SynReceived => Commands.Flush(target, "tcp", ["SYN_RECV"], false, source, victim?.Destination, victim?.Port),
            TrafficClass.UdpUnreplied => Commands.Flush(target, "udp", null, true, source, victim?.Destination, victim?.Port),
            TrafficClass.Icmp when protocol is null => Commands.Flush(target, "icmp") + "\n" + Commands.Flush(target, "icmpv6"),
            TrafficClass.OneWay => Commands.Flush(target, "tcp", null, true, source, victim?.Destination, victim?.Port),
            _ => protocol is null
                ? null : Commands.Flush(target, protocol, null, suspects.Kind != TrafficClass.Icmp, source, victim?.Destination),
        };
        return new AdviceStep($"Delete what is there of it: entries in {Names(suspects.Kind)} are nobody's open connection", run);
    }

    private static string Names(TrafficClass kind) => kind switch
    {
        TrafficClass.SynSent => "SYN_SENT",
        TrafficClass.SynReceived => "SYN_RECV",
        TrafficClass.UdpUnreplied => "UDP without a reply",
        TrafficClass.Icmp => "ICMP",
        _ => "one direction only",
    };

    private static string Sockets(Suspects suspects) => suspects.Victim is { } victim
        ? $"ss -anp dst {Figures.End(victim.Destination, victim.Port)}"
        : "ss -anp state syn-sent";
}
