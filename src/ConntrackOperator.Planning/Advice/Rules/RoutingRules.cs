using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>TCP of which only one direction passes here: the rest of each connection is INVALID, and that tells it from a flood.</summary>
internal static class RoutingRules
{
    // An acknowledgement for each connection at the least; half, for what is counted late.
    private const double InvalidForEachNew = 0.5;

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        var entries = situation.Left(TrafficClass.SynSent) + situation.Left(TrafficClass.OneWay);

        // A SYN/ACK that finds its entry evicted is INVALID as well: of those, an answered flood beside has as many as it has entries.
        var invalid = situation.Facts.Rates.Invalid / 60;
        var unexplained = invalid - Answered(situation);
        var perSecond = PerSecond(situation, TrafficClass.SynSent) + PerSecond(situation, TrafficClass.OneWay);
        if (!situation.IsCause(entries) || unexplained < 1 || unexplained < perSecond * InvalidForEachNew)
        {
            yield break;
        }

        var kind = situation.Left(TrafficClass.SynSent) >= situation.Left(TrafficClass.OneWay) ? TrafficClass.SynSent : TrafficClass.OneWay;
        var suspects = new Suspects(situation, kind);
        var bounds = (situation.Rest(TrafficClass.SynSent)?.Entries ?? default) + (situation.Rest(TrafficClass.OneWay)?.Entries ?? default);
        situation.Explain(TrafficClass.SynSent, situation.Left(TrafficClass.SynSent));
        situation.Explain(TrafficClass.OneWay, situation.Left(TrafficClass.OneWay));
        yield return Routing(situation, suspects, bounds, invalid, perSecond);
    }

    private static double Answered(Situation situation) => situation.Whole(TrafficClass.SynReceived) switch
    {
        null => 0,
        { NewPerSecond: { } rate } => rate.Most,
        { } whole => whole.Entries.Most / (double)(situation.Timeout("nf_conntrack_tcp_timeout_syn_recv") ?? 60),
    };

    private static double PerSecond(Situation situation, TrafficClass kind) => situation.Rest(kind) switch
    {
        null => 0,
        { NewPerSecond: { } rate } => rate.Middle,

        // Without a second look: as many as the time-out lets stay.
        { } whole => whole.Entries.Middle / (double)(situation.Timeout("nf_conntrack_tcp_timeout_syn_sent") ?? 120),
    };

    private static Finding Routing(Situation situation, Suspects suspects, Bounds entries, double invalid, double perSecond)
    {
        var facts = situation.Facts;
        var victim = suspects.Victim;
        var translated = suspects.Whole is not { DestinationTranslatedPercent: < 1, SourceTranslatedPercent: < 1 };
        var fromService = suspects.Kind == TrafficClass.OneWay && victim is null;
        var packets = Places(suspects, fromService).ToArray();
        var drops = facts.Rules.DropsInvalid switch
        {
            true => $"and a rule drops it ({facts.Rules.DropsInvalidRule}), so these connections fail",
            false => "no rule drops it, so these connections work",
            null => "whether a rule drops it is not known",
        };
        var canSkip = !translated && packets.Length > 0;
        return new Finding
        {
            Cause = Cause.AsymmetricRouting,
            Severity = situation.Severity,
            Confidence = Confidence.Likely,
            Text =
                $"only one direction of connections {suspects.Where} passes here: {Figures.Percent(situation.Percent(entries.Least))} of "
                    + $"entries, and {Figures.Count(invalid)} INVALID packets a second; answers take another way: mend the "
                    + $"routes{(canSkip ? ", and do not track it until then" : string.Empty)}",
            Seen =
            [
                .. situation.Seen(entries, "TCP of which one direction was seen", suspects.Whole.NewPerSecond),
                $"{Figures.Count(invalid)} packets a second are INVALID, {Figures.Count(perSecond)} new such entries a second; {drops}",
            ],
            Because = "what follows a SYN whose SYN/ACK did not pass is INVALID: a flood sends nothing after it, a connection does",
            RuledOut =
            [
                new Rival(
                    Cause.SynFloodUnanswered,
                    $"a flood leaves no INVALID packets; here are {Figures.Count(invalid)} a second, for {Figures.Count(perSecond)} new "
                        + "entries"),
                new Rival(Cause.Scan, "whoever scans does not go on with the connection"),
            ],
            Who = [.. suspects.Parties(situation)],
            Entries = entries,
            NewPerSecond = situation.Arrivals(suspects.Whole.NewPerSecond),
            Now = canSkip
                ?
                [
                    new AdviceStep(
                        "Leave these connections out of tracking: they pass as they are, also where a rule drops what is INVALID",
                        Commands.NoTrack(facts.Rules, packets)),
                    new AdviceStep(
                        "Delete what is there of them",
                        Commands.Flush(
                            facts.Target,
                            "tcp",
                            unreplied: true,
                            destination: fromService ? null : victim?.Destination, port: fromService ? null : victim?.Port)),
                ]
                : [],
            ForGood =
            [
                new AdviceStep(
                    "Let both directions take one way: see which route the answers take",
                    victim?.Destination is { } host && suspects.Sources.Count > 0
                        ? $"ip route get {suspects.Sources[0].Source} from {host} iif lo || ip route get {suspects.Sources[0].Source}"
                        : null),
                .. canSkip ? (AdviceStep[])[Commands.Undo(facts.Rules, "When routes are right, take the rules away")] : [],
            ],
            Frees = canSkip ? entries : null,
            Sufficient = canSkip,
            Elsewhere = canSkip
                ? null
                : "the routes: both directions must pass here, or neither. Addresses are translated here, so these connections can't be "
                + "left out of tracking",
            MayBreak = canSkip ? ["a firewall that lets through only what is established must let through what is untracked there"] : [],
        };
    }

    private static IEnumerable<Packets> Places(Suspects suspects, bool fromService)
    {
        if (suspects.Victim is { Port: { } port } victim)
        {
            yield return new Packets { Protocol = "tcp", Destination = victim.Destination, DestinationPort = port };
            yield return new Packets { Protocol = "tcp", Source = victim.Destination, SourcePort = port };
        }
        else if (fromService)
        {
            foreach (var source in suspects.Sources.Take(4))
            {
                yield return new Packets { Protocol = "tcp", Source = source.Source };
                yield return new Packets { Protocol = "tcp", Destination = source.Source };
            }
        }
    }
}
