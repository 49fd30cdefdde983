using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Queries for names: each from a port of its own, and each entry outlives its answer by far.</summary>
internal static class DnsRules
{
    private const int Port = 53;
    private const string Unreplied = "nf_conntrack_udp_timeout";

    // resolv.conf(5): after five seconds a resolver asks again.
    private const long LeastSeconds = 5;

    private static readonly TrafficClass[] _classes = [TrafficClass.UdpUnreplied, TrafficClass.UdpReplied, TrafficClass.UdpStream];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var groups = situation.IsTight
            ? situation.Groups(TrafficView.Port, _classes).Where(g => g is { Protocol: "udp", Port: Port }).ToList() : [];
        var entries = groups.Aggregate(default(Bounds), (sum, group) => sum + group.Entries);

        // Few or many, they are no flood's.
        foreach (var group in groups)
        {
            situation.Explain(group);
        }

        if (groups.Count == 0 || !situation.IsCause(entries.Least))
        {
            yield break;
        }

        var facts = situation.Facts;
        var servers = situation.Groups(TrafficView.Destination, _classes).Where(g => g is { Protocol: "udp", Port: Port })
            .GroupBy(g => g.Destination!, StringComparer.Ordinal).Select(g => (Address: g.Key, Entries: g.Sum(x => x.Entries.Middle)))
            .OrderByDescending(s => s.Entries).Take(3).ToList();
        var sources = situation.Groups(TrafficView.Source, _classes)
            .Where(s => situation.Groups(TrafficView.Pair, _classes).Any(p => p.Port == Port && p.Source == s.Source))
            .GroupBy(s => s.Source!, StringComparer.Ordinal).Select(g => (Address: g.Key, Entries: g.Sum(x => x.Entries.Middle)))
            .OrderByDescending(s => s.Entries).Take(3).ToList();
        var arrivals = groups.TrueForAll(group => group.NewPerSecond is not null)
            ? situation.Arrivals(groups.Aggregate(default(Bounds), (sum, group) => sum + group.NewPerSecond!.Value)) : null;
        var translated = groups.Max(group => Math.Max(group.SourceTranslatedPercent, group.DestinationTranslatedPercent)) >= 1;
        var demands = Demands(situation, entries, arrivals);
        var held = demands.Find(demand => demand.Suffices);
        var canHold = held is not null && facts.Rules.HasNft;
        var larger = !canHold && translated && demands.Count > 0
            ? SizeRules.Size(facts, (demands[0].PerSecond * 30) + Math.Max(0, facts.Entries - entries.Middle)) : null;
        var sufficient = canHold || !translated || larger is not null;
        var (now, headline) = Now(situation, translated, canHold ? held : null, larger);
        var unanswered = groups.Where(g => g.Class == TrafficClass.UdpUnreplied).Sum(g => g.Entries.Middle);
        yield return new Finding
        {
            Cause = Cause.DnsStorm,
            Severity = situation.Severity,
            Confidence = Confidence.Likely,
            Text =
                $"queries for names to {Figures.List(servers.Select(s => $"{Figures.End(s.Address, Port)}"))} are "
                    + $"{Figures.Percent(situation.Percent(entries.Least))} of "
                    + $"entries{(arrivals is { Most: > 0 } ? $", {Figures.Count(arrivals.Value.Middle)} a second" : string.Empty)}; "
                    + $"{headline}",
            Seen = [
                .. situation.Seen(entries, "udp to port 53", arrivals),
                $"{Figures.Percent(entries.Middle == 0 ? 0 : 100.0 * unanswered / entries.Middle)} of them are not answered"],
            Because =
                "each query has a source port of its own, and its entry stays for the time-out of udp after the answer; asked again from "
                    + "the same port it becomes a stream and stays for that one's",
            RuledOut =
            [
                new Rival(
                    Cause.UdpFlood,
                    unanswered * 2 > entries.Middle
                        ? "the port is a name server's: whoever asks gets the same advice" : "most queries are answered"),
                new Rival(Cause.TableTooSmall, "an answered query needs no entry any more"),
            ],
            Who =
            [
                .. servers.Select(s => situation.Destination(s.Address, Port, "udp", s.Entries)),
                .. sources.Select(s => situation.Source(s.Address, s.Entries)),
            ],
            Entries = entries,
            NewPerSecond = arrivals,
            Now = now,
            ForGood =
            [
                new AdviceStep(
                    "A cache on each node (NodeLocal DNSCache) answers pods without tracking; in pods, ndots: 1 or names with a dot at "
                        + "their end ask once in the place of five times"),
                .. canHold || !translated
                    ? (AdviceStep[])[Commands.Undo(facts.Rules, "When it is over, take the rules away")] : [],
            ],
            Field = larger is null ? null : "table.size.entries",
            Value = larger?.ToString(),
            Frees = entries,
            FullAgainSeconds = sufficient ? null : situation.FullAgain(entries.Least, arrivals?.Most ?? 0),
            Enough = held ?? (demands.Count > 0 ? demands[^1] : null),
            Sufficient = sufficient,
            Elsewhere = !sufficient
                ? "a cache on each node: the addresses of these queries are translated, so they can't be left out of tracking, and "
                + (demands.Count == 0 ? "whether a time-out holds them is not known before their rate is" : "no time-out holds them")
                : null,
            MayBreak = canHold ? [$"answers that take longer than {held!.Seconds} s find no entry"]
                : translated ? []
                : ["a firewall that lets in only what is established must let in answers from port 53 by itself"],
        };
    }

    private static List<Demand> Demands(Situation situation, Bounds entries, Bounds? arrivals)
    {
        if (arrivals is not { Most: > 0 } rate || situation.Facts.Limit <= 0)
        {
            return [];
        }

        var now = situation.Timeout(Unreplied) ?? 30;
        var room = situation.RoomFor(entries.Middle);
        return [
            .. ((long[])[20, 15, 10, LeastSeconds]).Where(seconds => seconds < now || seconds == LeastSeconds)
                .Select(seconds => new Demand(rate.Most, seconds, room))];
    }

    private static (List<AdviceStep> Steps, string Headline) Now(Situation situation, bool translated, Demand? held, long? larger)
    {
        var facts = situation.Facts;
        var flush = new AdviceStep(
            "Delete what is there of it: an answer that is on its way is asked for again",
            Commands.Flush(facts.Target, "udp", port: Port));
        if (held is not null)
        {
            return (
                [
                    new AdviceStep(
                        $"A time-out of its own for port 53, before and after the answer: {held.Text}",
                        Commands.UdpTimeout("dns", Port, held.Seconds)),
                    flush,
                ],
                $"a time-out of {KubeDuration.Format(held.Seconds)} for port 53 alone holds it");
        }

        if (!translated)
        {
            return (
                [
                    new AdviceStep(
                        "Leave port 53 out of tracking, both ways: addresses are not translated there",
                        Commands.NoTrack(
                            facts.Rules, new Packets { Protocol = "udp", DestinationPort = Port },
                            new Packets { Protocol = "udp", SourcePort = Port })),
                    flush,
                ],
                "do not track port 53");
        }

        return larger is { } size
            ? ([
                Commands.InForce(
                    facts.Target,
                    Commands.Apply(facts.Target, "A table that holds half a minute of it", ("table.size.entries", size.ToString()))),
                flush],
                "a larger table holds it, a cache on the node does better")
            : ([flush], "a cache on each node is what helps");
    }
}
