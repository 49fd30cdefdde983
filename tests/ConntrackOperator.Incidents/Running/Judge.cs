using ConntrackOperator.Incidents.Advising;
using ConntrackOperator.Incidents.Cases;

namespace ConntrackOperator.Incidents.Running;

/// <summary>Compares advice with what is true. Pure.</summary>
internal static class Judge
{
    private static readonly string[] _floods = ["SynFloodAnswered", "SynFloodUnanswered", "UdpFlood", "IcmpFlood", "OtherFlood", "Scan"];

    /// <summary>What is wrong with it, a sentence each; none when it is right.</summary>
    internal static IEnumerable<string> Wrong(Incident incident, Advice advice)
    {
        // A hint may come with anything; what is more than that must be true.
        var said = advice.Findings.Where(f => f.Severity != "Hint").ToArray();
        if (incident.Truths.Count == 0)
        {
            return advice.Findings.Select(f => $"{f.Severity} {f.Cause} of an ordinary load");
        }

        var wrong = new List<string>();
        foreach (var truth in incident.Truths)
        {
            if (said.FirstOrDefault(f => truth.Causes.Contains(f.Cause)) is not { } found)
            {
                wrong.Add($"{string.Join(" or ", truth.Causes)} is not said");
                continue;
            }

            wrong.AddRange(
                truth.Whom.Where(whom => !whom.Split('|').Any(found.Names)).Select(whom => $"{found.Cause} does not name {whom}"));
        }

        wrong.AddRange(
            said.Where(f => !incident.Truths.Any(t => t.Causes.Contains(f.Cause)))
                .Select(f => $"{f.Severity} {f.Cause} is said, and is not so"));
        wrong.AddRange(
            said.GroupBy(f => f.Cause)
                .Where(
                    g => g.Count() > incident.Truths.Count(t => t.Causes.Contains(g.Key))
                        && incident.Truths.Any(t => t.Causes.Contains(g.Key)))
            .Select(g => $"{g.Key} is said {g.Count()} times"));
        return wrong;
    }

    /// <summary>What no ordinary load may be told.</summary>
    internal static bool Frightens(Advice advice) => advice.Findings.Any(f => f.Severity == "Critical" || _floods.Contains(f.Cause));
}
