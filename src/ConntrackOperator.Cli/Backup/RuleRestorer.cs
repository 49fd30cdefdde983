using ConntrackOperator.Cli.Host;

namespace ConntrackOperator.Cli.Backup;

/// <summary>
/// Puts rule sets back. Each program takes its rules in one transaction, all are tried before the first is changed, and what one of them
/// refuses takes the others back.
/// </summary>
internal sealed class RuleRestorer(RuleSets now, RuleSets saved)
{
    private readonly IReadOnlySet<string> _othersNow = IptablesTrial.Others(now);
    private readonly IReadOnlySet<string> _othersSaved = IptablesTrial.Others(saved);

    public List<RuleDifference> Compare()
    {
        var differences = new List<RuleDifference>();
        Add("iptables", Own(now.Iptables, "ip ", _othersNow), Own(saved.Iptables, "ip ", _othersSaved));
        Add("ip6tables", Own(now.Ip6tables, "ip6 ", _othersNow), Own(saved.Ip6tables, "ip6 ", _othersSaved));
        if (saved.Nftables is not null)
        {
            Add("nft", RuleText.OwnNftTables(now, _othersNow), RuleText.OwnNftTables(saved, _othersSaved));
        }

        return differences;

        void Add(string program, List<string>? here, List<string>? there)
        {
            if (there is not null && RuleText.Compare(program, here ?? [], there) is { } difference)
            {
                differences.Add(difference);
            }
        }
    }

    /// <returns>What went wrong; the rules are as they were then.</returns>
    public List<string> Restore()
    {
        var steps = Steps();
        var problems = steps.Select(s => Problem(s.Program, s.Try, s.Script)).OfType<string>().ToList();
        if (problems.Count > 0)
        {
            return [.. problems.Select(p => p + "; no rule was changed")];
        }

        // A try does not find everything: iptables-restore looks for chains only when it commits.
        if (steps.Select(s => Problem(s.Program, s.Do, s.Script)).OfType<string>().FirstOrDefault() is not { } problem)
        {
            return [];
        }

        var left = new RuleRestorer(RuleReader.Read([]), now).Steps().Select(s => Problem(s.Program, s.Do, s.Script)).OfType<string>()
            .ToList();
        return left.Count == 0 ? [problem + "; the rules are as they were"] : [problem, .. left.Select(p => "and can't go back: " + p)];
    }

    // Comments stay: they tell which variant wrote it.
    private static List<string>? Own(List<string>? lines, string family, IReadOnlySet<string> others) => lines is null ? null
        : [.. lines.Where(l => l.StartsWith('#')), .. RuleText.Blocks(lines).Where(b => !others.Contains(family + b.Name))
            .SelectMany(b => b.Lines)];

    private List<Step> Steps()
    {
        var steps = new List<Step>();
        if (saved.Nftables is not null && RuleText.NftScript(now, _othersNow, saved, _othersSaved) is { Length: > 0 } script)
        {
            steps.Add(new("nft", ["-c", "-f", "-"], ["-f", "-"], script));
        }

        Add("iptables-restore", "ip ", now.Iptables, saved.Iptables);
        Add("ip6tables-restore", "ip6 ", now.Ip6tables, saved.Ip6tables);
        return steps;

        void Add(string program, string family, List<string>? here, List<string>? there)
        {
            if (there is not null && RuleText.IptablesScript(
                here ?? [], there, t => _othersNow.Contains(family + t), t => _othersSaved.Contains(family + t)) is { Length: > 0 } text)
            {
                steps.Add(new(program, ["--test"], [], text));
            }
        }
    }

    private static string? Problem(string program, string[] arguments, string script) =>
        SystemProgram.TryRun(program, arguments, script) switch
        {
            null => $"{program} is not installed",
            { ExitCode: 0 } => null,
            { } failed => $"{program} refuses: {failed.Error}",
        };

    private sealed record Step(string Program, string[] Try, string[] Do, string Script);
}
