using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>A table that fills up for a reason that was not seen: it says so, and where to look.</summary>
internal static class UnclearRules
{
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
                $"the table is {Figures.Percent(situation.Usage)} full, and no single cause holds a share that explains it: look again "
                    + "at all entries, for longer",
            Seen = situation.Seen(new Bounds(facts.Entries, facts.Entries), "of many kinds", situation.Arrivals(facts.NewPerSecond)),
            Because =
                "no state, source or place holds more than one entry in seven that is idle, unanswered or over, and what is in use "
                    + "leaves room",
            Entries = new Bounds(facts.Entries, facts.Entries),
            Now = [],
            Sufficient = false,
            Elsewhere = "not known before the cause is",
            NotKnown = Looks(facts),
        };
    }

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
