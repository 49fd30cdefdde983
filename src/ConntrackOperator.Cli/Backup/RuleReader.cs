using ConntrackOperator.Cli.Host;

namespace ConntrackOperator.Cli.Backup;

/// <summary>Asks the programs for the rules.</summary>
internal static class RuleReader
{
    /// <param name="notes">Gets what is not there, and why.</param>
    public static RuleSets Read(List<string> notes) => new()
    {
        Iptables = Lines("iptables-save", [], notes),
        Ip6tables = Lines("ip6tables-save", [], notes),
        Nftables = Lines("nft", ["list", "ruleset"], notes),
    };

    private static List<string>? Lines(string program, string[] arguments, List<string> notes)
    {
        switch (SystemProgram.TryRun(program, arguments))
        {
            case null:
                notes.Add($"{program} is not installed: its rules are not saved");
                return null;
            case { ExitCode: 0 } done:
                return [.. done.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
            case var failed:
                notes.Add($"{program} failed, so its rules are not saved: {failed.Error}");
                return null;
        }
    }
}
