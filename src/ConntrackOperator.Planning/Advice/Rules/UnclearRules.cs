using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>A table that fills up for a reason that was not seen: it says so, and where to look.</summary>
internal static class UnclearRules
{
    private const double WorthSaying = 5;

    internal static IEnumerable<Finding> Advise(Situation situation, IReadOnlyCollection<Finding> findings)
    {
        var facts = situation.Facts;
        if (facts.Limit <= 0 || situation.Severity == AdviceSeverity.Hint
            || findings.Any(finding => finding.Cause is not (Cause.LostRaces or Cause.OtherNamespaceFull or Cause.NatPortsExhausted)))
        {
            yield break;
        }

        yield return new Finding
        {
            Cause = Cause.Unclear,
            Severity = situation.Severity,
            Confidence = Confidence.Suspected,
            Text =
                $"the table is {Figures.Percent(situation.Usage)} full, and no cause that this knows explains it: look again at all "
                    + "entries, for longer",
            Seen = situation.Seen(new Bounds(facts.Entries, facts.Entries), "of no known cause", situation.Arrivals(facts.NewPerSecond)),
            Because = $"{Largest(situation)}: by itself that is none of the causes that this knows",
            Entries = new Bounds(facts.Entries, facts.Entries),
            Now = [],
            Sufficient = false,
            Elsewhere = "not known before the cause is",
            NotKnown = Looks(facts),
        };
    }

    /// <summary>
    /// What most of the entries have in common, such as: 61% are udp STREAM, 40% come from 10.0.7.7, 35% go to 10.0.5.3:443.
    /// </summary>
    private static string Largest(Situation situation)
    {
        var most = new List<string>();
        if (situation.Facts.States.MaxBy(s => s.Entries) is { } state)
        {
            most.Add($"{Figures.Percent(situation.Percent(state.Entries))} are {$"{state.Protocol} {state.State}".TrimEnd()}");
        }

        if (Sums(situation.Groups(TrafficView.Source), group => group.Source) is { Name: { } source } from && IsMuch(from.Entries))
        {
            most.Add($"{Figures.Percent(situation.Percent(from.Entries))} come from {source}");
        }

        if (Sums(situation.Groups(TrafficView.Destination), Place) is { Name: { } place } to && IsMuch(to.Entries))
        {
            most.Add($"{Figures.Percent(situation.Percent(to.Entries))} go to {place}");
        }

        return most.Count > 0 ? string.Join(", ", most) : "nothing is known of the entries";

        // The greatest of many that are all small says nothing.
        bool IsMuch(long entries) => situation.Percent(entries) >= WorthSaying;
    }

    /// <summary>Who has the most, over all classes; by name where two have as many.</summary>
    private static (string? Name, long Entries) Sums(IEnumerable<TrafficFacts> groups, Func<TrafficFacts, string?> name) => groups
        .Where(group => name(group) is not null)
        .GroupBy(name, (key, same) => (Name: key, Entries: same.Sum(group => group.Entries.Middle)))
        .OrderByDescending(sum => sum.Entries).ThenBy(sum => sum.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private static string? Place(TrafficFacts group) => group.Destination is { } address ? Figures.End(address, group.Port) : null;

    /// <summary>What the facts do not tell at all.</summary>
    internal static List<NotKnown> Looks(TableFacts facts)
    {
        var looks = new List<NotKnown>();
        if (facts.Watched <= TimeSpan.Zero || facts.Watched < TimeSpan.FromSeconds(10))
        {
            looks.Add(new NotKnown("what is new over a longer time", Commands.Look(facts.Target, "advise --watch 30s")));
        }

        if (facts.IsSample)
        {
            looks.Add(new NotKnown("entries outside of the sample", Commands.Look(facts.Target, "advise --full")));
        }

        if (facts.Rules.DropsInvalid is null)
        {
            looks.Add(new NotKnown("whether a rule drops what is INVALID", "nft list ruleset; iptables-save"));
        }

        if (!facts.NamespacesLooked)
        {
            looks.Add(
                new NotKnown(
                    "the tables of pods, which each have one of their own: other processes of the machine are not seen from here",
                    Commands.Look(facts.Target, "advise")));
        }

        return looks;
    }
}
