using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Packets that are not answered, or whose answers are not: floods.</summary>
internal static class FloodRules
{
    private static readonly (TrafficClass Kind, Cause Cause, string What)[] _kinds =
    [
        (TrafficClass.SynSent, Cause.SynFloodUnanswered, "SYNs that nobody answered (SYN_SENT)"),
        (TrafficClass.SynReceived, Cause.SynFloodAnswered, "SYNs that were answered, and nothing came back (SYN_RECV)"),
        (TrafficClass.UdpUnreplied, Cause.UdpFlood, "UDP without an answer"),
        (TrafficClass.Icmp, Cause.IcmpFlood, "ICMP"),
        (TrafficClass.OneWay, Cause.OtherFlood, "TCP from the middle of connections that nobody knows"),
        (TrafficClass.OtherUnreplied, Cause.OtherFlood, "other protocols without an answer"),
    ];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        foreach (var (kind, cause, what) in _kinds)
        {
            var left = situation.Left(kind);
            if (situation.IsCause(left))
            {
                var finding = Flood(situation, kind, cause, what);
                situation.Explain(kind, left);
                yield return finding;
            }
        }
    }

    private static Finding Flood(Situation situation, TrafficClass kind, Cause cause, string what)
    {
        var suspects = new Suspects(situation, kind);
        var whole = suspects.Whole;
        var arrivals = situation.Arrivals(whole.NewPerSecond);
        var remedy = FloodRemedy.For(situation, suspects);
        var rate = arrivals is { Most: > 0 } ? $", {Figures.Count(arrivals.Value.Middle)} a second" : string.Empty;
        return new Finding
        {
            Cause = cause,
            Severity = situation.Severity,
            Confidence = Confidence.Likely,
            Text =
                $"{(suspects.IsOver(arrivals) ? "what is left of a " : string.Empty)}{Name(cause, kind)} {suspects.Where} {suspects.From}: "
                    + $"{Figures.Percent(situation.Percent(whole.Entries.Least))} of entries{rate}; {remedy.Headline}",
            Seen = situation.Seen(whole.Entries, what, arrivals),
            Because = Because(situation, suspects, cause),
            RuledOut = RuledOut(situation, suspects, cause),
            Who = [.. suspects.Parties(situation)],
            Entries = whole.Entries,
            NewPerSecond = arrivals,
            Now = remedy.Now,
            ForGood = remedy.ForGood,
            Field = remedy.Field,
            Value = remedy.Value,
            Frees = remedy.Frees,
            FullAgainSeconds = remedy.Sufficient ? null : situation.FullAgain(remedy.Frees?.Least ?? 0, arrivals?.Most ?? 0),
            Enough = remedy.Enough,
            Sufficient = remedy.Sufficient,
            Elsewhere = remedy.Elsewhere,
            MayBreak = remedy.MayBreak,
            NotKnown =
            [
                .. arrivals is not null ? [] : (NotKnown[])
                    [new NotKnown("how many come a second", Commands.Look(situation.Facts.Target, "advise --watch 30s"))],
                .. situation.Facts.Rates.Known || cause is not (Cause.SynFloodUnanswered or Cause.OtherFlood) ? [] : (NotKnown[])
                    [
                        new NotKnown(
                            "how many packets are INVALID: with answers on another way it is one for each new entry",
                            Commands.Look(situation.Facts.Target, "advise")),
                    ],
                .. suspects.Protocols.Count > 0 ? [] : (NotKnown[])
                    [
                        new NotKnown(
                            "which protocol they have, so there is no rule and no flush of them here",
                            Commands.Look(situation.Facts.Target, "advise --full")),
                    ],
            ],
        };
    }

    private static string Name(Cause cause, TrafficClass kind) => cause switch
    {
        Cause.SynFloodUnanswered => "SYN flood that nobody answers",
        Cause.SynFloodAnswered => "SYN flood that is answered",
        Cause.UdpFlood => "UDP flood",
        Cause.IcmpFlood => "ICMP flood",
        _ => kind == TrafficClass.OneWay ? "flood of TCP packets without a connection" : "flood",
    };

    private static string Because(Situation situation, Suspects suspects, Cause cause)
    {
        var rates = situation.Facts.Rates;
        var invalid = rates.Known ? $"{Figures.Count(rates.Invalid)} packets a minute are INVALID" : null;
        return cause switch
        {
            Cause.SynFloodUnanswered => "each of these entries is a SYN that has had no answer"
                + (suspects.IsAnswered ? ", though others are answered there" : ", and nobody else is answered there")
                + (invalid is null ? string.Empty : $"; {invalid}, so no acknowledgements pass whose SYN/ACK took another way"),
            Cause.SynFloodAnswered =>
                "the answer has passed, and the client's acknowledgement never came: whoever sent these SYNs does not want a connection, "
                    + "or is not at that address. The kernel counts them as replied",
            Cause.UdpFlood =>
                "each of these entries is a packet that has had no answer"
                    + (suspects.IsAnswered ? ", though others are answered there" : ", and nobody is answered there"),
            Cause.IcmpFlood => "they are one entry an identifier, and there are more of them than all that people's pings make",
            _ => "no answer was seen to them"
                + (invalid is null ? string.Empty : $", and {invalid}: with answers on another way there would be more of those"),
        };
    }

    private static List<Rival> RuledOut(Situation situation, Suspects suspects, Cause cause)
    {
        var rivals = new List<Rival>();
        var perSecond = Figures.Count(situation.Facts.Rates.Invalid / 60);
        if (cause is (Cause.SynFloodUnanswered or Cause.OtherFlood) && situation.Facts.Rates.Known)
        {
            rivals.Add(
                new Rival(
                    Cause.AsymmetricRouting,
                    $"with answers on another way the acknowledgements would be INVALID, at least one for each new entry; {perSecond} a "
                        + "second are"));
        }

        if (cause is Cause.UdpFlood)
        {
            rivals.Add(
                new Rival(
                    Cause.OneWayTunnel,
                    $"port {suspects.Victim?.Port?.ToString() ?? "of each entry"} is none of a tunnel's (4789, 8472, 6081, 51820)"));
            rivals.Add(new Rival(Cause.DnsStorm, "the port is not 53"));
        }

        if (cause is Cause.SynFloodUnanswered or Cause.UdpFlood)
        {
            rivals.Add(
                new Rival(
                    Cause.Scan,
                    suspects.Victim is null ? "no single source looks at many ports or hosts" : "it goes to one port of one host"));
        }

        rivals.Add(new Rival(Cause.TableTooSmall, "these entries are no connections of anybody"));
        return rivals;
    }
}
