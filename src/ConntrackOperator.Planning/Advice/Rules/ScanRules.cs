using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>One source that looks through many ports or hosts.</summary>
internal static class ScanRules
{
    private const int Many = 40;
    private const double OnePlace = 0.5;

    private static readonly TrafficClass[] _classes = [
        TrafficClass.SynSent, TrafficClass.SynReceived, TrafficClass.Closing, TrafficClass.UdpUnreplied, TrafficClass.Icmp];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        foreach (var groups in situation.Groups(TrafficView.Source, _classes).GroupBy(group => group.Source!, StringComparer.Ordinal))
        {
            var parts = groups.ToList();
            var entries = parts.Aggregate(default(Bounds), (sum, part) => sum + part.Entries);
            var (hosts, ports) = (parts.Max(part => part.Destinations), parts.Max(part => part.Ports));
            var onePlace = situation.Groups(TrafficView.Pair, _classes).Where(pair => pair.Source == groups.Key)
                .Select(pair => pair.Entries.Middle).FirstOrDefault();
            if (!situation.IsCause(entries.Least) || (hosts < Many && ports < Many) || onePlace > entries.Middle * OnePlace
                || Answered(situation, groups.Key) > entries.Middle)
            {
                continue;
            }

            foreach (var part in parts)
            {
                situation.Explain(part);
            }

            yield return Scan(situation, groups.Key, parts, entries, hosts, ports);
        }
    }

    // A gateway with many clients behind it goes to many places as well, and is answered there.
    private static long Answered(Situation situation, string source) => situation
        .Groups(TrafficView.Source, TrafficClass.Established, TrafficClass.TimeWait, TrafficClass.UdpReplied, TrafficClass.UdpStream)
        .Where(group => group.Source == source).Sum(group => group.Entries.Middle);

    private static Finding Scan(Situation situation, string source, List<TrafficFacts> parts, Bounds entries, int hosts, int ports)
    {
        var facts = situation.Facts;
        var local = facts.LocalAddresses.Contains(source);
        var arrivals = parts.TrueForAll(part => part.NewPerSecond is not null)
            ? situation.Arrivals(parts.Aggregate(default(Bounds), (sum, part) => sum + part.NewPerSecond!.Value)) : null;
        var places =
            (ports >= Many ? $"{Number(ports)} ports" : string.Empty)
            + (ports >= Many && hosts >= 2 ? " of " : string.Empty)
            + (hosts >= Many || (hosts >= 2 && ports < Many) ? $"{Number(hosts)} hosts"
                : hosts >= 2 ? $"{hosts} hosts"
                : ports >= Many ? " of one host"
                : string.Empty);
        var steps = new List<AdviceStep>
        {
            new(
                "Drop what opens connections from there, before tracking",
                Commands.BeforeTracking(facts.Rules, "drop", local, [.. Packets(situation, source, parts)])),
        };
        steps.AddRange(parts.SelectMany(part => ProtocolsOf(situation, part).Select(protocol => new AdviceStep(
            "Delete what is there of it", Commands.Flush(
                facts.Target,
                protocol,
                part.Class switch
                {
                    TrafficClass.SynSent => ["SYN_SENT"],
                    TrafficClass.SynReceived => ["SYN_RECV"],
                    TrafficClass.Closing => ["CLOSE"],
                    _ => null,
                },
                unreplied: part.Class == TrafficClass.UdpUnreplied,
                source: source)))));
        return new Finding
        {
            Cause = Cause.Scan,
            Severity = situation.Severity,
            Confidence = Confidence.Likely,
            Text =
                $"{source} looks through {places}: {Figures.Percent(situation.Percent(entries.Least))} of entries; drop it before "
                    + "tracking, by its source, then flush what is there",
            Seen = situation.Seen(entries, $"from {source}, to {places}, without an answer or refused", arrivals),
            Because = $"one source, {places}, and no place that holds half of it; it has fewer connections that are answered than that",
            RuledOut =
            [
                new Rival(Cause.SynFloodUnanswered, "a flood goes to one place, or comes from many"),
                new Rival(Cause.TableTooSmall, "these entries are no connections"),
            ],
            Who = [situation.Source(source, entries.Middle)],
            Entries = entries,
            NewPerSecond = arrivals,
            Now = steps,
            ForGood =
            [
                new AdviceStep(
                    $"Find out who has {source}: a scanner of your own (then let it go slower), or an intruder",
                    !local ? null
                    : parts.Exists(part => part.Class is TrafficClass.SynSent or TrafficClass.SynReceived or TrafficClass.Closing)
                        ? "ss -anp state syn-sent"
                    : parts.Exists(part => part.Class == TrafficClass.UdpUnreplied) ? "ss -aunp" : null),
                Commands.Undo(facts.Rules, "When it is over, take the rules away"),
            ],
            Frees = entries,
            MayBreak = [.. Broken(source, parts)],
        };
    }

    // Of UDP the groups of a source do not tell which of the two it is; the states tell which there are.
    private static IEnumerable<string> ProtocolsOf(Situation situation, TrafficFacts part) => part.Class switch
    {
        TrafficClass.Icmp => [Commands.Icmp(part.Source!)],
        TrafficClass.UdpUnreplied => situation.Facts.States
            .Where(state => state is { Protocol: "udp" or "udplite", State: "UNREPLIED", Entries: > 0 })
            .Select(state => state.Protocol).Order(StringComparer.Ordinal),
        _ => ["tcp"],
    };

    private static IEnumerable<Packets> Packets(Situation situation, string source, List<TrafficFacts> parts) => parts
        .SelectMany(part => ProtocolsOf(situation, part)).Distinct()
        .OrderBy(protocol => protocol == "tcp" ? 0 : protocol.StartsWith("udp", StringComparison.Ordinal) ? 1 : 2)
        .Select(protocol => new Packets { Protocol = protocol, Source = source, SynOnly = protocol == "tcp" });

    // Without a connection's state a rule can't tell what is in use: only a SYN says of itself that it opens one.
    private static IEnumerable<string> Broken(string source, List<TrafficFacts> parts)
    {
        if (parts.Exists(part => part.Class is TrafficClass.SynSent or TrafficClass.SynReceived or TrafficClass.Closing))
        {
            yield return $"new TCP connections of {source}; those that are open go on";
        }

        if (parts.Exists(part => part.Class == TrafficClass.UdpUnreplied))
        {
            yield return $"all UDP of {source}: what is in use is cut off as well, and its answers to others are";
        }

        if (parts.Exists(part => part.Class == TrafficClass.Icmp))
        {
            yield return $"pings of {source}; errors and neighbour discovery pass";
        }
    }

    private static string Number(int count) => count >= TrafficFacts.ManyAtLeast ? "250 or more" : count.ToString();
}
