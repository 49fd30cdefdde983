using System.Globalization;
using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents.Reporting;

/// <summary>The goals of the suite, counted.</summary>
internal static class Goals
{
    internal static IReadOnlyList<Goal> Of(IReadOnlyList<Outcome> outcomes, RunOptions options)
    {
        var mixes = outcomes.Where(ResultTable.IsMix).ToArray();
        var ordinary = outcomes.Where(o => o.Incident.Truths.Count == 0).ToArray();
        var incidents = outcomes.Except(mixes).Except(ordinary).ToArray();
        var mended = incidents.Where(o => o.Commands is not null).ToArray();
        var counted = mended.Where(o => o.Disturbed is null).ToArray();
        var here = counted.Where(o => !o.StoppedElsewhere).ToArray();
        var elsewhere = counted.Where(o => o.StoppedElsewhere).ToArray();
        List<Goal> goals =
        [
            All(outcomes, "staged, with generators that kept 90 % of their rate", o => o.NotStaged is null),
            All(incidents, "incidents: the diagnosis is right, and names whose it is", o => o.Right),
            new(
                Count(mixes, "mixes: the diagnosis is right (95 % wanted)", o => o.Right),
                mixes.Count(o => o.Right) >= 0.95 * mixes.Length, mixes.Length > 0),
            All(incidents.Where(o => o.Agent is not null), "incidents: the agent's report says the same", o => o.AgentWrong.Count == 0),
            All(
                ordinary.Where(o => o.Agent is not null), "ordinary loads: the agent's report advises nothing",
                o => o.Agent is { Findings.Count: 0 }),
            All(ordinary, "ordinary loads: no Critical and no flood", o => o.Advice is { } a && !Judge.Frightens(a)),
            All(ordinary, "ordinary loads: nothing is advised", o => o.Advice is { Findings.Count: 0 }),
        ];
        goals.Add(All(incidents.Where(o => o.Advice is not null), "findings: each says what is seen, why, and what to do here or elsewhere",
            o =>
                o.Advice!.Findings.All(
                    f => f.Seen.Count > 0 && f.Because is { Length: > 0 }
                        && (f.Now.Count + f.ForGood.Count > 0 || f.Elsewhere is { Length: > 0 }))));
        if (options.Fix)
        {
            goals.Add(All(mended, "advised commands: all of them run as printed", o => o.Failed.Count == 0));

            goals.Add(
                All(
                    mended, "fixes: the machine lost no packet of its own while losses were counted, so that they count",
                    o => o.Disturbed is null, !options.Short));

            // A busy machine loses a connection now and then by itself: the short form says it, the long one decides.
            goals.Add(
                All(
                    here, $"fixes: sufficient, nothing lost from 10 s after for {options.After.TotalSeconds:0} s", o => o.Holds == true,
                    !options.Short));
            goals.Add(All(elsewhere, "nothing here suffices: says so and what does, and that holds",
                o => o.Holds == true && o.Advice!.Findings.Any(f => !f.Sufficient && f.Elsewhere is { Length: > 0 }), !options.Short));
            goals.Add(
                All(
                    incidents.Where(o => o.Incident.Fixable == true), "fixable here: the advice says so",
                    o => o.Commands is not null && !o.StoppedElsewhere));
            goals.Add(
                All(
                    mended, "established legitimate connections: none breaks from the first advised command on", o => o.BrokenByFix == 0,
                    !options.Short));
            goals.Add(
                All(
                    mended.Where(o => o.Incident.Page is null),
                    "commands from status to the fix: three at most for each cause, the rest is for good",
                    o => 1 + MostCommandsOfACause(o) <= 3));
        }

        var timed = incidents.Where(o => o.NotStaged is null).ToArray();
        goals.Add(
            new(
                Slowest(timed), timed.All(o => o.Took.Status < 0.5 && o.SlowestOther < 0.5 && o.Took.Top < 2 && o.Took.Advise < 2),
                Asserted: false));
        return [.. goals.Where(g => !g.Text.StartsWith("0 of 0", StringComparison.Ordinal))];
    }

    private static int MostCommandsOfACause(Outcome outcome) =>
        outcome.Advice!.Findings.Where(f => f.Severity != "Hint").Select(f => f.Now.Count(s => s.Run is { Length: > 0 })).DefaultIfEmpty(0)
            .Max();

    private static Goal All(IEnumerable<Outcome> outcomes, string text, Func<Outcome, bool> met, bool asserted = true)
    {
        var all = outcomes.ToArray();
        return new(Count(all, text, met), all.All(met), asserted);
    }

    private static string Count(Outcome[] outcomes, string text, Func<Outcome, bool> met)
    {
        var not = outcomes.Where(o => !met(o)).Select(o => o.Incident.Name).ToArray();
        return $"{outcomes.Length - not.Length} of {outcomes.Length} {text}{(not.Length == 0 ? "" : $" (not: {string.Join(", ", not)})")}";
    }

    private static string Slowest(Outcome[] outcomes) =>
        $"{outcomes.Length} incidents, commands at the full table, median and slowest: status {Times(outcomes, o => o.Took.Status)}, "
            + $"others {Times(outcomes, o => o.SlowestOther)} (below 0.5 s wanted), "
        + $"top {Times(outcomes, o => o.Took.Top)}, advise {Times(outcomes, o => o.Took.Advise)} (below 2 s wanted)";

    private static string Times(Outcome[] outcomes, Func<Outcome, double> time)
    {
        var sorted = outcomes.Select(time).Order().ToArray();
        return sorted.Length == 0
            ? "-" : string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0.00} s and {sorted[^1]:0.00} s");
    }
}
