using System.Collections.Frozen;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Tunnels over UDP: each inner connection has a source port of its own, and answers come as entries of their own.</summary>
internal static class TunnelRules
{
    // RFC 7348, the older port that Linux still takes by default, RFC 8926, wireguard.com.
    private static readonly FrozenDictionary<int, string> _ports = new Dictionary<int, string>
    {
        [4789] = "VXLAN",
        [8472] = "VXLAN",
        [6081] = "Geneve",
        [51820] = "WireGuard",
    }.ToFrozenDictionary();

    private static readonly TrafficClass[] _classes = [TrafficClass.UdpUnreplied, TrafficClass.UdpReplied, TrafficClass.UdpStream];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        foreach (var groups in situation.Groups(TrafficView.Port, _classes)
            .Where(g => g.Protocol == "udp" && g.Port is { } port && _ports.ContainsKey(port)).GroupBy(g => g.Port!.Value))
        {
            var entries = groups.Aggregate(default(Bounds), (sum, group) => sum + group.Entries);

            // Few or many, they are no flood's.
            foreach (var group in groups)
            {
                situation.Explain(group);
            }

            if (situation.IsCause(entries.Least))
            {
                yield return Tunnel(situation, groups.Key, [.. groups], entries);
            }
        }
    }

    private static Finding Tunnel(Situation situation, int port, List<TrafficFacts> groups, Bounds entries)
    {
        var (facts, name) = (situation.Facts, _ports[port]);
        var translated = groups.Max(group => Math.Max(group.SourceTranslatedPercent, group.DestinationTranslatedPercent)) >= 1;
        var ends = situation.Groups(TrafficView.Pair, _classes).Where(pair => pair.Port == port && pair.Protocol == "udp").Take(4).ToList();
        var link = facts.TunnelLinks.FirstOrDefault(l => l.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        var arrivals = groups.TrueForAll(group => group.NewPerSecond is not null)
            ? situation.Arrivals(groups.Aggregate(default(Bounds), (sum, group) => sum + group.NewPerSecond!.Value)) : null;
        var number = port.ToString();
        Packets[] packets = port == 51820
            ? [new Packets { Protocol = "udp", DestinationPort = port }, new Packets { Protocol = "udp", SourcePort = port }]
            : [new Packets { Protocol = "udp", DestinationPort = port }];
        return new Finding
        {
            Cause = Cause.OneWayTunnel,
            Severity = situation.Severity,
            Confidence = link is not null ? Confidence.Certain : Confidence.Likely,
            Text =
                $"{name} (udp/{number}) makes {Figures.Percent(situation.Percent(entries.Least))} of entries: a tunnel needs no tracking, "
                + (translated ? "but its addresses are translated here" : "so do not track it") + "; never block it",
            Seen = situation.Seen(entries, $"udp to port {number}", arrivals),
            Because =
                $"port {number} is {name}'s; each inner connection has a source port of its own, and what comes back goes to port "
                    + $"{number} as well, so each direction has its entry and none is ever answered"
                + (link is null ? string.Empty : $"; this machine has such a link: {link}"),
            RuledOut =
            [
                new Rival(Cause.UdpFlood, $"that nothing answers is how {name} works, and to block it cuts off everything inside"),
                new Rival(Cause.TableTooSmall, "the entries serve nobody: the tunnel works without them"),
            ],
            Who = [
                .. ends.Select(
                    pair => situation.Source(pair) with { Name = facts.LocalAddresses.Contains(pair.Source!) ? "this machine" : null }),
                .. ends.Select(pair => new Party { Role = "Destination", Address = pair.Destination, Port = port, Protocol = "udp" })],
            Entries = entries,
            NewPerSecond = arrivals,
            Now = translated ? [] :
            [
                new AdviceStep($"Leave {name} out of tracking, both ways", Commands.NoTrack(facts.Rules, packets)),
                new AdviceStep("Delete what is there of it: nothing needs these entries", Commands.Flush(facts.Target, "udp", port: port)),
            ],
            ForGood = translated
                ? [new AdviceStep($"Let {name} go without address translation, and leave it out of tracking then")]
                : [new AdviceStep("Keep the rules: put them where this machine's rules come from, so that they are there after a boot"),
                    Commands.Undo(facts.Rules, "Not wanted after all")],
            Frees = translated ? null : entries,
            Sufficient = !translated,
            Elsewhere = translated
                ? $"where {name}'s addresses are translated it can't be left out of tracking: take it out of the translation where that "
                + "is done" : null,
            MayBreak = translated
                ? [] : [$"a firewall that lets in only what is established must let in udp/{number} from the other ends by itself"],
        };
    }
}
