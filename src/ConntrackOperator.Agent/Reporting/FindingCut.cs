using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Agent.Reporting;

/// <summary>Cuts findings to the bounds of the schema, as <see cref="ReportBounds"/> does the rest of a report. Pure.</summary>
internal static class FindingCut
{
    private const string TooLong = "# longer than a report may be: kubectl-conntrack host advise on the node has it";

    public static List<NodeFinding>? Apply(List<NodeFinding>? findings) => List(findings, StatusBounds.Findings, f => f with
    {
        Cause = Word(f.Cause),
        Text = Sentence(f.Text),
        Seen = Lines(f.Seen, StatusBounds.FindingLines),
        Because = Sentence(f.Because),
        RuledOut = List(f.RuledOut, StatusBounds.FindingLines, r => new FindingRival { Cause = Word(r.Cause), Why = Sentence(r.Why) }),
        Who = List(f.Who, StatusBounds.FindingLines, Party),
        Entries = Range(f.Entries),
        NewPerSecond = Range(f.NewPerSecond),
        Now = Steps(f.Now),
        ForGood = Steps(f.ForGood),
        Field = Word(f.Field),
        Value = Word(f.Value),
        Frees = Range(f.Frees),
        FullAgainSeconds = Count(f.FullAgainSeconds),
        Enough = f.Enough is not { } enough
            ? null : new FindingDemand { PerSecond = Count(enough.PerSecond), Seconds = Count(enough.Seconds), Has = Count(enough.Has) },
        Elsewhere = Sentence(f.Elsewhere),
        MayBreak = Lines(f.MayBreak, StatusBounds.FindingLines),
        NotKnown = Apply(f.NotKnown),
    });

    public static List<FindingQuestion>? Apply(List<FindingQuestion>? questions) =>
        List(questions, StatusBounds.FindingLines, q => new FindingQuestion { What = Sentence(q.What), Look = Sentence(q.Look) });

    private static FindingParty Party(FindingParty party) => new()
    {
        Role = Word(party.Role),
        Address = Word(party.Address),
        Network = Word(party.Network),
        Port = party.Port is { } port ? Math.Clamp(port, 0, ushort.MaxValue) : null,
        Protocol = Word(party.Protocol),
        Percent = party.Percent is { } percent && !double.IsNaN(percent) ? Math.Clamp(percent, 0, 100) : null,
        Entries = Count(party.Entries),
        Name = Word(party.Name),
        Pid = party.Pid is { } pid ? Math.Max(0, pid) : null,
    };

    // Half a script does harm.
    private static List<FindingStep>? Steps(List<FindingStep>? steps) => List(steps, StatusBounds.FindingLines, s => new FindingStep
    {
        What = Sentence(s.What),
        Run = s.Run is { Count: <= StatusBounds.StepLines } run
            && run.TrueForAll(line => line.Length <= StatusBounds.Message && !line.Any(char.IsControl)) ? run
            : s.Run is null ? null : [TooLong],
    });

    private static FindingRange? Range(FindingRange? range) =>
        range is null ? null : new FindingRange { Least = Count(range.Least), Most = Count(range.Most) };

    private static long? Count(long? number) => number is { } given ? Math.Clamp(given, 0, StatusBounds.Count) : null;

    private static string? Word(string? text) => BoundedText.Of(text, StatusBounds.Word);

    private static string? Sentence(string? text) => BoundedText.Of(text, StatusBounds.Message);

    private static List<string>? Lines(List<string>? lines, int most) => List(lines, most, line => Sentence(line)!);

    private static List<T>? List<T>(List<T>? items, int most, Func<T, T> bounded) =>
        items is null ? null : [.. items.Take(most).Select(bounded)];
}
