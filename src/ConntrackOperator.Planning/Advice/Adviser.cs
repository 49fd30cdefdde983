using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Advice.Rules;

namespace ConntrackOperator.Planning.Advice;

/// <summary>
/// Says why a table fills up or loses packets, and what to do. Rules look in an order in which each takes the entries that it
/// explains off what is left for the next, so that no entry is explained twice and no two findings contradict each other.
/// </summary>
public static class Adviser
{
    /// <summary>Looks at a table.</summary>
    /// <param name="facts">What is known of it.</param>
    /// <returns>Findings, the most severe first; none when nothing is wrong. The same facts give the same.</returns>
    public static AdviceReport Advise(TableFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var situation = new Situation(facts);
        List<Finding> found =
        [
            .. NatRules.Advise(situation),
            .. NamespaceRules.Advise(situation),
            .. TunnelRules.Advise(situation),
            .. DnsRules.Advise(situation),
            .. ScanRules.Advise(situation),
            .. RoutingRules.Advise(situation),
            .. FloodRules.Advise(situation),
            .. LeakRules.Advise(situation),
            .. CloseWaitRules.Advise(situation),
            .. ShortConnectionRules.Advise(situation),
            .. IdleRules.Advise(situation),
            .. SizeRules.Advise(situation),
            .. ChainRules.Advise(situation),
        ];
        if (!NatRules.Explains(found))
        {
            found.AddRange(RaceRules.Advise(situation));
        }

        found.AddRange(UnclearRules.Advise(situation, found));
        return new AdviceReport(
            InOneAnother(
                facts.Target,
                found.OrderByDescending(finding => finding.Severity).ThenByDescending(finding => finding.Entries.Middle)
                    .ThenBy(finding => finding.Cause)),
            found.Count == 0 ? [] : UnclearRules.Looks(facts),
            situation.Severity,
            FullIn(facts));
    }

    // Steps are done from the first finding's to the last one's.
    private static List<Finding> InOneAnother(AdviceTarget target, IEnumerable<Finding> findings)
    {
        IReadOnlyList<(string Field, string Value)> applied = [];
        var together = new List<Finding>();
        foreach (var finding in findings)
        {
            var before = applied;
            var tooLate = before.Any(b => b.Field == finding.Field);
            together.Add(finding with
            {
                Now = [
                    .. finding.Now.Select(step => Commands.After(target, before, step))
                        .Select(step => tooLate && step.Run?.Contains(" --idle-for ", StringComparison.Ordinal) == true
                            ? step with { What = $"Before the policy above shortens {finding.Field}, which hides idle times: {step.What}" }
                            : step)],
            });
            applied = Commands.Together(applied, finding.Now.SelectMany(step => step.Fields ?? []));
        }

        return together;
    }

    // Less than one entry a second is nothing to tell by.
    private static long? FullIn(TableFacts facts) =>
        facts is { Limit: > 0, GrowthPerSecond: >= 1 and { } growth } && facts.Entries < facts.Limit
            ? (long)((facts.Limit - facts.Entries) / growth) : null;
}
