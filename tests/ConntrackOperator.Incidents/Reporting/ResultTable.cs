using System.Text;
using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents.Reporting;

/// <summary>The table at the end, as it stands in docs/diagnosis.md.</summary>
internal static class ResultTable
{
    internal static string Markdown(IReadOnlyList<Outcome> outcomes)
    {
        var text = new StringBuilder(
            "| incident | said | right | the agent | lost before the fix | after it | broken from it on | commands |\n"
                + "|---|---|---|---|---|---|---|---|\n");
        foreach (var outcome in outcomes.Where(o => !IsMix(o)))
        {
            text.Append("| ").AppendJoin(" | ",
                outcome.Incident.Title,
                outcome.NotStaged is null ? OutcomeText.Said(outcome) : "not staged",
                outcome.Right ? "yes" : "no",
                outcome.Agent is null ? "–" : outcome.AgentWrong.Count == 0 ? "the same" : OutcomeText.Said(outcome.Agent),
                outcome.Incident.Truths.Count == 0 ? "–" : Lost(outcome.During),
                outcome.Commands is null
                    ? "–"
                    : Lost(outcome.After) + (outcome.Disturbed is null ? "" : " (does not count: the machine was too busy)")
                    + (outcome.StoppedElsewhere ? ", its source stopped as advised" : ""),
                outcome.Commands is null ? "–" : $"{outcome.BrokenByFix}",
                outcome.Commands is { } commands ? $"{commands}" : "–").AppendLine(" |");
        }

        return text.ToString();
    }

    internal static bool IsMix(Outcome outcome) => outcome.Incident.Name.StartsWith("mix-", StringComparison.Ordinal);

    private static string Lost(LossCount? count) => count is null ? "–" : $"{count.Lost} of {count.Begun}";
}
