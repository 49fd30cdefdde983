using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Translated addresses whose ports are used up: new connections fail although the table has room.</summary>
internal static class NatRules
{
    private const int AllPorts = 65536 - 1024;
    private const int FewestPorts = 64;
    private const double Full = 0.9;
    private const double NearlyFull = 0.8;

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var facts = situation.Facts;
        foreach (var group in situation.Groups(TrafficView.Translation))
        {
            var range = Range(facts, group);
            var used = group.Entries.Middle / (double)range.Ports;
            var losing = RateFacts.Counts(facts.Rates.LostInRaces);
            if (used >= Full && losing)
            {
                yield return Exhausted(situation, group, range, AdviceSeverity.Critical);
            }
            else if (used >= NearlyFull && (range.Ports == AllPorts || group.PortRange is not null))
            {
                yield return Exhausted(situation, group, range, used >= Full ? AdviceSeverity.Warning : AdviceSeverity.Hint);
            }
        }
    }

    /// <summary>Whether translation explains lost races.</summary>
    internal static bool Explains(IEnumerable<Finding> findings) => findings.Any(finding => finding.Cause == Cause.NatPortsExhausted);

    // The range of a rule where one is known to be narrower; else the ports seen, when they are dense: a narrow range that is full.
    private static (int Ports, int Lowest, int Highest, TranslationRule? Rule) Range(TableFacts facts, TrafficFacts group)
    {
        if (group.TranslatedPorts is not { } seen)
        {
            return (AllPorts, 1024, 65535, null);
        }

        var rule = facts.Rules.Translations.Where(r => r.LowestPort <= seen.Lowest && r.HighestPort >= seen.Highest)
            .OrderBy(r => r.HighestPort - r.LowestPort).FirstOrDefault();
        if (rule is not null)
        {
            return (rule.HighestPort - rule.LowestPort + 1, rule.LowestPort, rule.HighestPort, rule);
        }

        if (group.PortRange is var (lowest, highest))
        {
            return (highest - lowest + 1, lowest, highest, null);
        }

        var span = seen.Highest - seen.Lowest + 1;
        return !facts.IsSample && span >= FewestPorts && group.Entries.Middle >= span * Full
            ? (span, seen.Lowest, seen.Highest, null) : (AllPorts, 1024, 65535, null);
    }

    private static Finding Exhausted(
        Situation situation, TrafficFacts group, (int Ports, int Lowest, int Highest, TranslationRule? Rule) range, AdviceSeverity severity)
    {
        var facts = situation.Facts;
        var place = Figures.End(group.Destination, group.Port);
        var holders = situation.Groups(TrafficView.Pair)
            .Where(pair => pair.Port == group.Port && pair.SourceTranslatedPercent >= 50 && pair.Protocol == group.Protocol)
            .GroupBy(pair => pair.Source!, StringComparer.Ordinal)
            .Select(pairs => (Address: pairs.Key, Entries: pairs.Sum(pair => pair.Entries.Middle)))
            .OrderByDescending(holder => holder.Entries).Take(3).ToList();
        var closing = situation.Groups(TrafficView.Pair, TrafficClass.TimeWait, TrafficClass.Closing)
            .Where(pair => pair.Port == group.Port && pair.SourceTranslatedPercent >= 50)
            .Sum(pair => pair.Entries.Middle);
        var used = $"{Figures.Count(group.Entries.Middle)} of {Figures.Count(range.Ports)}";
        var holder = holders.Count > 0 ? $"; most are {holders[0].Address}'s ({Figures.Count(holders[0].Entries)})" : string.Empty;
        var narrow = range.Ports < AllPorts;
        var now = new List<AdviceStep>();
        if (range.Rule is { } rule)
        {
            now.Add(
                new AdviceStep(
                    $"The range is the rule's own: {rule.Text}. The same with all ports, before it; new connections take it", rule.Widen));
        }

        if (closing * 2 > group.Entries.Middle)
        {
            now.Add(
                new AdviceStep(
                    "Half of them are closing: their ports are free when the entries are gone",
                    Commands.Flush(facts.Target, group.Protocol, ["TIME_WAIT", "CLOSE"], port: group.Port)));
        }

        return new Finding
        {
            Cause = Cause.NatPortsExhausted,
            Severity = severity,
            Confidence = narrow && range.Rule is null ? Confidence.Likely : Confidence.Certain,
            Text = $"ports of {group.Source} towards {place} are used up: {used}{holder}; "
                + (narrow ? "a wider range, more addresses, or fewer connections" : "more addresses to translate to, or fewer connections"),
            Seen =
            [
                $"{group.Entries} entries are translated to {group.Source} for {place}/{group.Protocol}; ports {range.Lowest} to "
                    + $"{range.Highest} are {range.Ports:N0}",
                $"{Figures.Count(facts.Rates.LostInRaces)} packets a minute find no free port and are lost (insert_failed)",
                $"the table is {Figures.Percent(situation.Usage)} full: it is no matter of room",
            ],
            Because =
                "to one destination and port, each translated connection needs a source port that no other has; when none is left the "
                    + "first packet is dropped at insertion",
            RuledOut =
            [
                new Rival(Cause.TableTooSmall, $"the table is {Figures.Percent(situation.Usage)} full"),
                new Rival(Cause.LostRaces, "races are lost by few packets and with ports to spare"),
            ],
            Who =
            [
                new Party { Role = "TranslatedSource", Address = group.Source, Protocol = group.Protocol, Entries = group.Entries.Middle },
                new Party
                {
                    Role = "Destination",
                    Address = group.Destination,
                    Port = group.Port,
                    Protocol = group.Protocol,
                    Entries = group.Entries.Middle,
                },
                .. holders.Select(h => new Party { Role = "Source", Address = h.Address, Entries = h.Entries }),
            ],
            Entries = group.Entries,
            NewPerSecond = group.NewPerSecond,
            Now = now,
            ForGood =
            [
                new AdviceStep(
                    "More addresses: SNAT to several in the place of MASQUERADE, such as iptables -t nat … -j SNAT --to-source "
                        + "192.0.2.10-192.0.2.13; each has 64,512 ports to a destination"),
                new AdviceStep(
                    holders.Count > 0
                        ? $"At {holders[0].Address}: keep connections open and use them again; close what is not used"
                        : "Clients: keep connections open and use them again"),
            ],
            Sufficient = now.Count > 0,
            Elsewhere = now.Count > 0
                ? null
                : $"more addresses to translate to, or {(holders.Count > 0 ? holders[0].Address : "the client")} with fewer connections "
                + $"to {place}",
            MayBreak = range.Rule is null ? [] : ["nothing: connections that are open keep their ports"],
            NotKnown = narrow && range.Rule is null
                ? [new NotKnown("which rule has this range of ports", "iptables-save -t nat; nft list ruleset")] : [],
        };
    }
}
