using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>
/// From an agent's report to the form of <c>host advise</c>. Causes of agents that are newer than this program are left out. Pure.
/// </summary>
internal static class NodeAdviceOutput
{
    private const string Policy = "kind: ConntrackPolicy";

    /// <param name="node">The report's object.</param>
    /// <param name="name">Who has an address; null where that is not known.</param>
    public static AdviceOutput Of(ConntrackNode node, Func<string?, string?> name)
    {
        var status = node.Status;
        return new AdviceOutput
        {
            Node = node.Metadata?.Name ?? "-",
            At = status?.ReportedAt,
            Pressure = Condition.Find(status?.Conditions, ConditionTypes.Pressure)?.Reason
                is { } reason and (ConditionReasons.Warning or ConditionReasons.Critical) ? reason : ConditionReasons.Normal,
            Table = new AdviceTable
            {
                Entries = status?.Table?.Entries,
                Limit = status?.Table?.Limit,
                NoLimit = status?.Table?.NoLimit,
                Percent = status?.Table?.Percent,
                Looked = status?.Composition?.Sampled,
                LookedAt = status?.Composition?.At,
                Complete = status?.Composition is { } composition ? composition.ErrorBoundPercent == 0 : null,
                ErrorBoundPercent = status?.Composition?.ErrorBoundPercent,
                RatesOverSeconds = status?.Rates?.OverSeconds,
                LostForWantPerMinute = status?.Rates?.TableFullDropsPerMinute,
                LostInRacesPerMinute = status?.Rates?.RacesLostPerMinute,
                EarlyDropsPerMinute = status?.Rates?.EarlyDropsPerMinute,
                InvalidPerMinute = status?.Rates?.InvalidPerMinute,
            },
            Findings = [.. (status?.Findings ?? []).Select(f => Finding(f, name)).OfType<Finding>()],
            NotKnown = Questions(status?.NotLooked),
        };
    }

    private static Finding? Finding(NodeFinding f, Func<string?, string?> name) =>
        !Enum.TryParse<Cause>(f.Cause, out var cause) ? null : new Finding
        {
            Cause = cause,
            Severity = Enum.TryParse<AdviceSeverity>(f.Severity, out var severity) ? severity : AdviceSeverity.Hint,
            Confidence = Enum.TryParse<Confidence>(f.Confidence, out var confidence) ? confidence : Confidence.Suspected,
            Text = f.Text ?? string.Empty,
            Seen = f.Seen ?? [],
            Because = f.Because ?? string.Empty,
            RuledOut = [.. (f.RuledOut ?? []).Where(r => Enum.TryParse<Cause>(r.Cause, out _))
            .Select(r => new Rival(Enum.Parse<Cause>(r.Cause!), r.Why ?? string.Empty))],
            Who =
        [
            .. (f.Who ?? []).Select(w => new Party
            {
                Role = w.Role ?? "Source",
                Address = w.Address,
                Network = w.Network,
                Port = w.Port,
                Protocol = w.Protocol,
                Percent = w.Percent,
                Entries = w.Entries,
                Name = w.Name ?? name(w.Address),
                Pid = w.Pid,
            }),
        ],
            Entries = Range(f.Entries) ?? default,
            NewPerSecond = Range(f.NewPerSecond),
            Now = Steps(f.Now),
            ForGood = Steps(f.ForGood),
            Field = f.Field,
            Value = f.Value,
            Frees = Range(f.Frees),
            FullAgainSeconds = f.FullAgainSeconds,
            Enough = f.Enough is { PerSecond: { } perSecond, Seconds: { } seconds, Has: { } has }
                ? new Demand(perSecond, seconds, has)
                : null,
            Sufficient = f.Sufficient ?? false,
            Elsewhere = f.Elsewhere,
            MayBreak = f.MayBreak ?? [],
            NotKnown = Questions(f.NotKnown),
        };

    private static List<AdviceStep> Steps(List<FindingStep>? steps) =>
        [.. (steps ?? [])
            .Select(s => new AdviceStep(s.What ?? string.Empty, s.Run is null ? null : string.Join('\n', s.Run), Yaml(s.Run)))];

    // The policy that a step applies is the here-document of its command.
    private static string? Yaml(List<string>? run) =>
        run is [var first, .. var yaml, "EOF"] && first.EndsWith("<<'EOF'", StringComparison.Ordinal) && yaml.Contains(Policy)
            ? string.Join('\n', yaml) + "\n"
            : null;

    private static List<NotKnown> Questions(List<FindingQuestion>? questions) =>
        [.. (questions ?? []).Select(q => new NotKnown(q.What ?? string.Empty, q.Look ?? string.Empty))];

    private static Bounds? Range(FindingRange? range) => range is { Least: { } least, Most: { } most } ? new Bounds(least, most) : null;
}
