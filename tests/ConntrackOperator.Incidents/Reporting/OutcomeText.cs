using System.Globalization;
using ConntrackOperator.Incidents.Advising;
using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents.Reporting;

/// <summary>Lines about outcomes.</summary>
internal static class OutcomeText
{
    internal static string Line(Outcome outcome) => string.Create(CultureInfo.InvariantCulture, $"""
        {(outcome.Right ? "right" : "WRONG")} {outcome.Incident.Name}: {outcome.NotStaged ?? Said(outcome)}{(outcome.Wrong.Count > 0 ? "\n      " + string.Join("\n      ", outcome.Wrong) : "")}{string.Concat(outcome.AgentWrong.Select(w => "\n      the agent's report: " + w))}
              true: {outcome.Truth}
              status {outcome.Took.Status:0.00} s, top {outcome.Took.Top:0.00} s, advise {outcome.Took.Advise:0.00} s, others at most {outcome.SlowestOther:0.00} s, all in {outcome.Lasted.TotalSeconds:0} s; legitimate lost before {outcome.Before}, during {outcome.During}{Fix(outcome)}
        """);

    /// <summary>What was said, as causes.</summary>
    internal static string Said(Outcome outcome) => outcome.Advice is not { } advice ? "nothing that can be read" : Said(advice);

    internal static string Said(Advice advice) =>
        advice.Findings.Count == 0 ? "nothing to change" : string.Join(", ", advice.Findings.Select(f => $"{f.Severity} {f.Cause}"));

    private static string Fix(Outcome outcome) => outcome.Commands is not { } commands
        ? ""
        : $"{(outcome.Disturbed is { } why ? $"; NOT COUNTED: {why}" : "")}; {commands} "
        + $"commands{(outcome.StoppedElsewhere ? " and the source stopped" : "")}; after {outcome.After}; broken by the fix "
        + $"{outcome.BrokenByFix}"
            + string.Concat(outcome.Failed.Select(f => "\n      FAILED " + f));
}
