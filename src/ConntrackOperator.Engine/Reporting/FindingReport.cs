using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From what was found to what is reported. Pure.</summary>
internal static class FindingReport
{
    public static List<NodeFinding>? Of(IReadOnlyList<Finding> findings) =>
        findings.Count == 0 ? null : [.. findings.Take(StatusBounds.Findings).Select(Of)];

    public static List<FindingQuestion>? Of(IReadOnlyList<NotKnown> questions) =>
        questions.Count == 0
            ? null : [.. questions.Take(StatusBounds.FindingLines).Select(q => new FindingQuestion { What = q.What, Look = q.Look })];

    private static NodeFinding Of(Finding finding) => new()
    {
        Cause = finding.Cause.ToString(),
        Severity = finding.Severity.ToString(),
        Confidence = finding.Confidence.ToString(),
        Text = finding.Text,
        Seen = Lines(finding.Seen),
        Because = finding.Because,
        RuledOut = List(finding.RuledOut, rival => new FindingRival { Cause = rival.Cause.ToString(), Why = rival.Why }),
        Who = List(finding.Who, party => new FindingParty
        {
            Role = party.Role,
            Address = party.Address,
            Network = party.Network,
            Port = party.Port,
            Protocol = party.Protocol,
            Percent = party.Percent,
            Entries = party.Entries,
            Name = party.Name,
            Pid = party.Pid,
        }),
        Entries = Range(finding.Entries),
        NewPerSecond = Range(finding.NewPerSecond),
        Now = List(finding.Now, Step),
        ForGood = List(finding.ForGood, Step),
        Field = finding.Field,
        Value = finding.Value,
        Frees = Range(finding.Frees),
        FullAgainSeconds = finding.FullAgainSeconds,
        Enough = finding.Enough is { } demand
            ? new FindingDemand { PerSecond = demand.PerSecond, Seconds = demand.Seconds, Has = demand.Has } : null,
        Sufficient = finding.Sufficient,
        Elsewhere = finding.Elsewhere,
        MayBreak = Lines(finding.MayBreak),
        NotKnown = List(finding.NotKnown, question => new FindingQuestion { What = question.What, Look = question.Look }),
    };

    private static FindingStep Step(AdviceStep step) => new() { What = step.What, Run = step.Run is { } run ? [.. run.Split('\n')] : null };

    private static FindingRange? Range(Bounds? bounds) =>
        bounds is { } known ? new FindingRange { Least = known.Least, Most = known.Most } : null;

    private static List<string>? Lines(IReadOnlyList<string> lines) => lines.Count == 0 ? null : [.. lines];

    private static List<TTo>? List<TFrom, TTo>(IReadOnlyList<TFrom> items, Func<TFrom, TTo> map) =>
        items.Count == 0 ? null : [.. items.Select(map)];
}
