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

    /// <summary>Entries that the flush in <see cref="Now"/> is about; null: there is no flush.</summary>
    internal Bounds? Frees { get; init; }

    internal static FloodRemedy For(Situation situation, Suspects suspects)
    {
        var sysctl = suspects.Sysctl;
        var enough = sysctl is null ? null : Timeouts(situation, suspects.Whole, sysctl);
        var remedy = Over(situation, suspects, sysctl) ?? BySource(situation, suspects) ?? ByPort(situation, suspects)
            ?? Held(situation, suspects, sysctl, enough) ?? Special(situation, suspects) ?? Nothing(situation, suspects, enough);
        return remedy with { Enough = enough, Frees = suspects.Protocols.Count == 0 ? null : suspects.Flushed };
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
    private static FloodRemedy? Over(Situation situation, Suspects suspects, string? sysctl)
    {
        if (situation.Arrivals(suspects.Whole.NewPerSecond) is not { } arrivals
            || (suspects.Kind != TrafficClass.OneWay && !suspects.IsOver(arrivals)) || suspects.Protocols.Count == 0)
        {
            return null;
        }

        var timeout = (sysctl is null ? null : situation.Timeout(sysctl)) ?? Unacknowledged;
        return arrivals.Most * timeout > situation.RoomFor(suspects.Whole.Entries.Middle) ? null : new FloodRemedy
        {
            Headline = "it is over: flush what is left of it",
            Now = [.. FloodCommands.FlushSteps(situation, suspects)],
        };
    }

    // A few senders, or networks of forged senders: dropped before tracking, and only what opens connections to where the flood goes.
    private static FloodRemedy? BySource(Situation situation, Suspects suspects)
    {
        var sources = suspects.Sources.Count > 0 ? suspects.Sources : suspects.Networks;
        if (sources.Count == 0 || suspects.Protocols.Count == 0
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
        Packets[] packets = [.. sources.SelectMany(source => FloodCommands.Of(suspects, source.Source))];
        if (packets.Length == 0)
        {
            return null;
        }

        var drop = Commands.BeforeTracking(situation.Facts.Rules, "drop", local, packets);
        return new FloodRemedy
        {
            Headline = $"drop it before tracking, by its source, then flush {FloodText.Names(suspects.Kind)}",
            Now =
            [
                new AdviceStep($"Drop it before tracking: what never gets an entry can't fill the table", drop),
                .. FloodCommands.FlushSteps(situation, suspects),
            ],
            ForGood =
            [
                new AdviceStep(
                    local
                        ? $"Find the program on this machine that sends it"
                        : $"Find out who has {names}, and stop it there or at the edge", local ? FloodCommands.Sockets(suspects) : null),
                Commands.Undo(situation.Facts.Rules, "When it is over, take the rules away"),
            ],
            MayBreak = [FloodText.Broken(suspects, names)],
        };
    }

    // Nothing answers there, so nobody is hurt when nothing more gets there.
    private static FloodRemedy? ByPort(Situation situation, Suspects suspects)
    {
        if (suspects.Victim is not { } victim || suspects.IsAnswered || suspects.Protocols is not [{ } protocol]
            || suspects.Kind is TrafficClass.SynReceived or TrafficClass.Icmp or TrafficClass.OneWay
            || (victim.Port is null && Packets.HasPorts(protocol)))
        {
            return null;
        }

        var place = Figures.End(victim.Destination, victim.Port)
            + (victim.Port is null ? $", protocol {protocol}" : string.Empty);
        return new FloodRemedy
        {
            Headline = $"nothing answers at {place}: drop it before tracking, then flush {FloodText.Names(suspects.Kind)}",
            Now =
            [
                new AdviceStep(
                    $"Nothing answers at {place}: drop what goes there before tracking",
                    Commands.BeforeTracking(situation.Facts.Rules, "drop", false, [.. FloodCommands.Of(suspects, null)])),
                .. FloodCommands.FlushSteps(situation, suspects),
            ],
            ForGood =
            [
                new AdviceStep($"Whoever should answer at {place}: start it, or close the port at the edge"),
                Commands.Undo(situation.Facts.Rules, "When it is over, or something is to answer there, take the rules away"),
            ],
            MayBreak =
            [
                $"a service that is started at {place} later gets nothing until the rules are gone",
                .. suspects.Kind == TrafficClass.SynSent ? [] : (string[])
                    [$"flows to {place} that are in use, should there be any beside what was seen: they are cut off as well"],
            ],
        };
    }

    private static FloodRemedy? Held(Situation situation, Suspects suspects, string? sysctl, Demand? enough)
    {
        if (sysctl is null || enough is not { Suffices: true } || situation.Timeout(sysctl) is not { } now || enough.Seconds >= now
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
                .. FloodCommands.FlushSteps(situation, suspects),
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
                        .. FloodCommands.FlushSteps(situation, suspects),
                    ],
                    ForGood = [new AdviceStep("Limit it at the edge, before this machine")],
                    Field = "tcp.loose",
                    Value = "false",
                    MayBreak = [
                        "connections whose entries are deleted, or that were open before this machine booted, are not picked up again"],
                };
            case TrafficClass.UdpUnreplied
                when suspects.Protocols is [{ } protocol]
                    && victim is { Port: { } port, DestinationTranslatedPercent: < 1, SourceTranslatedPercent: < 1 }:
                var there = new Packets { Protocol = protocol, Destination = victim.Destination, DestinationPort = port };
                var back = new Packets { Protocol = protocol, Source = victim.Destination, SourcePort = port };
                return new FloodRemedy
                {
                    Headline = $"no time-out holds it: do not track {Figures.End(victim.Destination, port)}",
                    Now =
                    [
                        new AdviceStep(
                            "No time-out holds this rate, and addresses are not translated there: leave that port out of tracking, both "
                                + "ways", Commands.NoTrack(facts.Rules, there, back)),
                        .. FloodCommands.FlushSteps(situation, suspects),
                    ],
                    ForGood = [
                        new AdviceStep("Limit it at the edge, before this machine"),
                        Commands.Undo(facts.Rules, "When it is over, take the rules away")],
                    MayBreak = ["a firewall that lets in only what is established or related must let in what is untracked there"],
                };
            case TrafficClass.Icmp
                when suspects.Protocols.Count > 0
                    && suspects.Whole is { DestinationTranslatedPercent: < 1, SourceTranslatedPercent: < 1 }:
                return new FloodRemedy
                {
                    Headline = "do not track ICMP echo",
                    Now =
                    [
                        new AdviceStep(
                            "Leave echo requests and their answers out of tracking: pings go on, and make no entries",
                            Commands.NoTrack(
                                facts.Rules,
                                [
                                    .. suspects.Protocols.SelectMany(protocol => (Packets[])
                                        [
                                            new Packets { Protocol = protocol }, new Packets { Protocol = protocol, EchoReplies = true },
                                        ]),
                                ])),
                        .. FloodCommands.FlushSteps(situation, suspects),
                    ],
                    ForGood = [
                        new AdviceStep("Limit it at the edge, before this machine"),
                        Commands.Undo(facts.Rules, "When it is over, take the rules away")],
                    MayBreak = ["a firewall that lets in only what is established or related must let in pings that are untracked"],
                };
            default:
                return null;
        }
    }

    private static FloodRemedy Nothing(Situation situation, Suspects suspects, Demand? enough)
    {
        var isRateKnown = situation.Arrivals(suspects.Whole.NewPerSecond) is not null;
        var why = enough is not null ? $"no time-out holds it: {enough.Text}"
            : isRateKnown ? "no single time-out is that of all of it" : "whether a time-out holds it is not known before the rate is";
        var room = Larger(situation, suspects, enough);
        return new FloodRemedy
        {
            Headline = !isRateKnown
                ? "measure its rate" : room is null ? "no time-out here holds it: stop it before this node" : "a larger table holds it",
            Now = [.. room is null ? [] : (AdviceStep[])[room.Value.Step], .. FloodCommands.FlushSteps(situation, suspects)],
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
                : $"{why}; {FloodText.Indistinct(suspects)}: limit them at the edge"
                + (suspects.Kind is TrafficClass.SynSent or TrafficClass.SynReceived ? " or put a SYN proxy in front" : string.Empty),
            MayBreak = suspects.Kind == TrafficClass.SynReceived ? ["a handshake that is under way is begun again by its client"] : [],
        };
    }

    private static (AdviceStep Step, string Field, string Value)? Larger(Situation situation, Suspects suspects, Demand? enough)
    {
        if (enough is not { Suffices: false } || suspects.Sysctl is not { } sysctl || situation.Timeout(sysctl) is not { } seconds)
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

    private static bool IsServed(Situation situation, Suspects suspects, TrafficFacts source) =>
        situation.Groups(
            TrafficView.Pair, TrafficClass.UdpReplied, TrafficClass.UdpStream, TrafficClass.Established, TrafficClass.Other).Any(pair =>
            Contains(source.Source!, pair.Source!)
            && (suspects.Victim is not { } victim || (pair.Destination == victim.Destination && pair.Port == victim.Port)));

    private static bool Contains(string addressOrNetwork, string address) => addressOrNetwork == address
        || (IPNetwork.TryParse(addressOrNetwork, out var network) && IPAddress.TryParse(address, out var one) && network.Contains(one));
}
