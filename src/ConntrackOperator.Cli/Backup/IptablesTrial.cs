using ConntrackOperator.Cli.Host;

namespace ConntrackOperator.Cli.Backup;

/// <summary>
/// Which tables iptables shows and did not make: since it keeps its rules in nft it shows whatever is in a table of a name that it uses,
/// without what it has no words for, so that a set becomes no condition at all, and a table with chains of other names an empty one.
/// </summary>
/// <remarks>
/// It is tried: what iptables-save printed is restored in a network namespace of its own, which goes with the try. Where nft lists
/// something else there than what was there, the text does not say all.
/// </remarks>
internal static class IptablesTrial
{
    /// <summary>The tables, as "ip nat".</summary>
    /// <param name="rules">What the programs print.</param>
    public static IReadOnlySet<string> Others(RuleSets rules)
    {
        var shown = RuleText.KeptByIptables(rules).ToList();
        if (shown.Count == 0 || rules.Nftables is null)
        {
            return new HashSet<string>(StringComparer.Ordinal);
        }

        var (four, six) = (Listing("iptables-restore", rules.Iptables), Listing("ip6tables-restore", rules.Ip6tables));
        return shown.Where(table =>
        {
            var tried = table.StartsWith("ip6 ", StringComparison.Ordinal) ? six : four;

            // A rule may need what is not in a new namespace, such as an ipset. Then what can be seen of it has to do.
            return tried is null ? RuleText.HasMoreThanIptables(rules, table)
                : (RuleText.WhatFilters(tried, table) ?? string.Empty) != (RuleText.WhatFilters(rules.Nftables, table) ?? string.Empty);
        }).ToHashSet(StringComparer.Ordinal);
    }

    // /proc and /sys are the caller's still; neither program looks there for what is in the namespace.
    private static string[]? Listing(string restore, List<string>? lines) =>
        SystemProgram.TryRun(
            "unshare", ["--net", "sh", "-c", "\"$0\" && nft list ruleset", restore],
            string.Concat((lines ?? []).Select(line => line + "\n"))) is { ExitCode: 0 } done
            ? done.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) : null;
}
