using System.Text.RegularExpressions;

namespace ConntrackOperator.Cli.Backup;

/// <summary>Compares rule sets, and makes what puts one back out of it. Pure.</summary>
internal static partial class RuleText
{
    /// <summary>
    /// How the rules differ when counters, comments and empty tables of iptables count for nothing; null when they don't.
    /// </summary>
    public static RuleDifference? Compare(string program, IReadOnlyList<string> now, IReadOnlyList<string> saved)
    {
        var (here, there) = (Plain(now), Plain(saved));
        if (here.SequenceEqual(there))
        {
            return null;
        }

        var (removed, added) = (Without(here, there), Without(there, here));
        return removed.Count + added.Count > 0
            ? new RuleDifference(program, removed, added)
            : new RuleDifference(program, ["(the same lines in another order)"], []);
    }

    /// <summary>The tables of an nft listing that do not go back by iptables-restore.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="others">What iptables shows and did not make, as "ip nat": see <see cref="IptablesTrial"/>.</param>
    public static List<string> OwnNftTables(RuleSets rules, IReadOnlySet<string> others) =>
        [.. OwnTables(rules, others).SelectMany(t => t.Lines)];

    /// <summary>The tables that iptables and ip6tables show, of the variant that keeps them in nft, as nft names them.</summary>
    /// <param name="rules">The rules.</param>
    public static IEnumerable<string> KeptByIptables(RuleSets rules) => ShownByIptables(rules, nftOnly: true);

    /// <summary>
    /// A table of an nft listing as it filters: its chains in the order of their names, without counters, comments and chains that are
    /// empty and let everything pass, which iptables makes as it goes; null where the listing has it not.
    /// </summary>
    /// <param name="listing">What nft lists.</param>
    /// <param name="table">Such as "ip nat".</param>
    public static string? WhatFilters(IReadOnlyList<string>? listing, string table)
    {
        if (NftTables(listing).FirstOrDefault(t => t.Name == table).Lines is not { } lines)
        {
            return null;
        }

        var parts = new List<List<string>>();
        foreach (var line in Plain(lines)[1..^1].Where(l => l.Length > 0))
        {
            if (BeginsPart(line))
            {
                parts.Add([]);
            }

            if (parts.Count > 0)
            {
                parts[^1].Add(line);
            }
        }

        return string.Join('\n', parts.Where(part => !IsEmptyChain(part)).Select(part => string.Join('\n', part))
            .Order(StringComparer.Ordinal));
    }

    /// <summary>Whether nft lists a set, a map or another object in a table, or a chain that iptables does not show there.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="table">Such as "ip nat".</param>
    public static bool HasMoreThanIptables(RuleSets rules, string table)
    {
        var (family, name) = table.Split(' ') is [var first, var second] ? (first, second) : (string.Empty, table);
        var shown = Blocks((family == "ip6" ? rules.Ip6tables : rules.Iptables) ?? []).Where(b => b.Name == name)
            .SelectMany(b => b.Lines).Where(l => l.StartsWith(':')).Select(l => $"\tchain {l[1..].Split(' ')[0]} {{").ToHashSet();
        return NftTables(rules.Nftables).Where(t => t.Name == table).SelectMany(t => t.Lines)
            .Any(l => BeginsPart(l) && !shown.Contains(l));
    }

    /// <summary>
    /// One transaction that takes away every table of nft's own, and those of iptables that the backup has not, and makes the saved ones.
    /// </summary>
    /// <param name="now">The rules as they are.</param>
    /// <param name="othersNow">Of these what iptables shows and did not make.</param>
    /// <param name="saved">The rules as they were.</param>
    /// <param name="othersSaved">Of these what iptables shows and did not make.</param>
    public static string NftScript(
        RuleSets now, IReadOnlySet<string> othersNow, RuleSets saved, IReadOnlySet<string> othersSaved)
    {
        var made = OwnTables(saved, othersSaved).ToList();
        var there = NftTables(now.Nftables).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var touched = now with
        {
            Iptables = saved.Iptables is null ? null : now.Iptables,
            Ip6tables = saved.Ip6tables is null ? null : now.Ip6tables,
        };
        var gone = OwnTables(now, othersNow).Select(t => t.Name)
            .Concat(made.Select(t => t.Name).Where(there.Contains))
            .Concat(KeptByIptables(touched).Except(ShownByIptables(saved, nftOnly: false)))
            .Distinct();
        return string.Concat(gone.Select(table => $"delete table {table}\n"))
            + string.Concat(made.SelectMany(t => t.Lines).Select(line => line + "\n"));
    }

    /// <summary>
    /// What iptables-restore reads: the tables that differ or will not be there, and no other, since it makes each anew from what the
    /// text says. Tables of the legacy variant can't be deleted, so those that the backup has not are emptied.
    /// </summary>
    /// <param name="now">The rules as they are.</param>
    /// <param name="saved">The rules as they were.</param>
    /// <param name="anew">Tables that nft will have deleted.</param>
    /// <param name="others">Tables that go back by nft.</param>
    public static string IptablesScript(
        IReadOnlyList<string> now, IReadOnlyList<string> saved, Predicate<string> anew, Predicate<string> others)
    {
        var script = new System.Text.StringBuilder();
        var here = Blocks(now).ToDictionary(b => b.Name, b => Plain(b.Lines), StringComparer.Ordinal);
        foreach (var (name, lines) in Blocks(saved))
        {
            if (!others(name) && (anew(name) || !here.TryGetValue(name, out var block) || !block.SequenceEqual(Plain(lines))))
            {
                script.AppendJoin('\n', lines).Append('\n');
            }
        }

        foreach (var table in IsNft(now) ? [] : IptablesTables(now).Except(IptablesTables(saved)))
        {
            script.Append('*').Append(table).Append('\n');
            foreach (var chain in now.SkipWhile(l => l != "*" + table).TakeWhile(l => l != "COMMIT")
                .Where(l => l.StartsWith(':') && !l.Contains(" - ", StringComparison.Ordinal)))
            {
                script.Append(chain.Split(' ')[0]).Append(" ACCEPT [0:0]\n");
            }

            script.Append("COMMIT\n");
        }

        return script.ToString();
    }

    /// <summary>The tables of what iptables-save prints, each from its name to COMMIT.</summary>
    public static IEnumerable<(string Name, List<string> Lines)> Blocks(IReadOnlyList<string> lines)
    {
        List<string>? block = null;
        foreach (var line in lines.Where(l => !l.StartsWith('#')))
        {
            block = line.StartsWith('*') ? [] : block;
            block?.Add(line);
            if (line == "COMMIT" && block is not null)
            {
                yield return (block[0][1..], block);
                block = null;
            }
        }
    }

    private static IEnumerable<string> ShownByIptables(RuleSets rules, bool nftOnly) =>
        IptablesTables(rules.Iptables, nftOnly).Select(t => "ip " + t)
            .Concat(IptablesTables(rules.Ip6tables, nftOnly).Select(t => "ip6 " + t));

    private static IEnumerable<(string Name, List<string> Lines)> OwnTables(RuleSets rules, IReadOnlySet<string> others)
    {
        var kept = KeptByIptables(rules).Where(table => !others.Contains(table)).ToHashSet(StringComparer.Ordinal);
        return NftTables(rules.Nftables).Where(t => !kept.Contains(t.Name));
    }

    // A chain, a set or another object of a table.
    private static bool BeginsPart(string line) =>
        line.StartsWith('\t') && !line.StartsWith("\t\t", StringComparison.Ordinal) && line.EndsWith('{');

    private static bool IsEmptyChain(List<string> part) =>
        part[0].StartsWith("\tchain ", StringComparison.Ordinal) && part.Skip(1).All(l =>
            l is "\t}" || (l.StartsWith("\t\ttype ", StringComparison.Ordinal) && l.EndsWith("policy accept;", StringComparison.Ordinal)));

    private static IEnumerable<(string Name, List<string> Lines)> NftTables(IReadOnlyList<string>? listing)
    {
        (string Name, List<string> Lines)? table = null;
        foreach (var line in (listing ?? []).Where(l => !l.StartsWith('#')))
        {
            if (TableHead().Match(line) is { Success: true } head)
            {
                table = (head.Groups[1].Value, []);
            }

            table?.Lines.Add(line);
            if (line == "}" && table is { } whole)
            {
                yield return whole;
                table = null;
            }
        }
    }

    private static List<string> IptablesTables(IReadOnlyList<string>? lines, bool nftOnly = false) =>
        lines is null || (nftOnly && !IsNft(lines)) ? [] : [.. lines.Where(l => l.StartsWith('*')).Select(l => l[1..])];

    private static bool IsNft(IReadOnlyList<string> lines) =>
        lines.Any(l => l.StartsWith("# Generated by", StringComparison.Ordinal) && l.Contains("(nf_tables)", StringComparison.Ordinal));

    private static List<string> Plain(IReadOnlyList<string> lines) =>
    [
        .. lines.Where(l => !l.StartsWith('#')).Select(l => NftCounter().Replace(IptablesCounter().Replace(l, " [0:0]"), "counter")),
    ];

    private static List<string> Without(List<string> lines, List<string> others)
    {
        var counts = others.CountBy(l => l).ToDictionary();
        return [.. lines.Where(l => !(counts.TryGetValue(l, out var left) && (counts[l] = left - 1) >= 0))];
    }

    [GeneratedRegex(@"^table (\S+ \S+) \{")]
    private static partial Regex TableHead();

    [GeneratedRegex(@" \[\d+:\d+\]$")]
    private static partial Regex IptablesCounter();

    [GeneratedRegex(@"counter packets \d+ bytes \d+")]
    private static partial Regex NftCounter();
}
