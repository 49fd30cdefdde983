namespace ConntrackOperator.Cli.Backup;

/// <summary>Puts rule sets back. Each program takes its rules in one transaction, and all are tried before the first is changed.</summary>
internal sealed class RuleRestorer(RuleSets now, RuleSets saved)
{
    public List<RuleDifference> Compare()
    {
        var differences = new List<RuleDifference>();
        Add("iptables", now.Iptables, saved.Iptables);
        Add("ip6tables", now.Ip6tables, saved.Ip6tables);
        if (saved.Nftables is not null)
        {
            Add("nft", RuleText.OwnNftTables(now), RuleText.OwnNftTables(saved));
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

    /// <returns>What went wrong.</returns>
    public List<string> Restore()
    {
        var steps = new List<(string Program, string[] Try, string[] Do, string Script)>();
        if (saved.Nftables is not null && RuleText.NftScript(now, saved) is { Length: > 0 } script)
        {
            steps.Add(("nft", ["-c", "-f", "-"], ["-f", "-"], script));
        }

        if (saved.Iptables is not null)
        {
            steps.Add(("iptables-restore", ["--test"], [], RuleText.IptablesScript(now.Iptables ?? [], saved.Iptables)));
        }

        if (saved.Ip6tables is not null)
        {
            steps.Add(("ip6tables-restore", ["--test"], [], RuleText.IptablesScript(now.Ip6tables ?? [], saved.Ip6tables)));
        }

        var problems = steps.Select(s => Problem(s.Program, s.Try, s.Script)).OfType<string>().ToList();
        return problems.Count > 0
            ? [.. problems.Select(p => p + "; no rule was changed")]
            : [.. steps.Select(s => Problem(s.Program, s.Do, s.Script)).OfType<string>()];
    }

    private static string? Problem(string program, string[] arguments, string script) => SystemProgram.TryRun(program, arguments, script) switch
    {
        null => $"{program} is not installed",
        { ExitCode: 0 } => null,
        { } failed => $"{program} refuses: {failed.Error}",
    };
}
