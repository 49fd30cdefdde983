using System.Globalization;
using System.Text.RegularExpressions;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>Reads listings of rules: what drops INVALID packets, and what translates to few ports. Pure.</summary>
public static partial class RuleText
{
    private const int AllPorts = 65535 - 1024;
    private const int MostRules = 16;
    private const int MostCharacters = 200;

    /// <summary>What the listings say.</summary>
    /// <param name="nft">What <c>nft list ruleset</c> printed; null: it could not be run.</param>
    /// <param name="iptables">What <c>iptables-save</c> printed; null: it could not be run.</param>
    /// <param name="ip6tables">What <c>ip6tables-save</c> printed; null: it could not be run.</param>
    public static RuleFacts Read(string? nft, string? iptables, string? ip6tables)
    {
        if (nft is null && iptables is null && ip6tables is null)
        {
            return RuleFacts.NotKnown;
        }

        var saved = Lines(iptables).Concat(Lines(ip6tables)).ToList();
        var drops = saved.FirstOrDefault(line => SavedInvalid().IsMatch(line))
            ?? Lines(nft).FirstOrDefault(line => NftInvalid().IsMatch(line));
        List<TranslationRule> translations = [
            .. Lines(iptables).Select(line => Saved(line, "iptables")).OfType<TranslationRule>(),
            .. Lines(ip6tables).Select(line => Saved(line, "ip6tables")).OfType<TranslationRule>()];

        // What iptables keeps in nft's tables is listed by both.
        translations.AddRange(
            Nft(nft)
                .Where(
                    rule => !translations.Exists(known => known.LowestPort == rule.LowestPort && known.HighestPort == rule.HighestPort)));
        return new RuleFacts
        {
            DropsInvalid = drops is not null,
            DropsInvalidRule = drops is { Length: > MostCharacters } ? drops[..MostCharacters] : drops,
            Translations = [.. translations.Take(MostRules)],
            HasNft = nft is not null,
        };
    }

    private static IEnumerable<string> Lines(string? text) =>
        (text ?? string.Empty).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    private static TranslationRule? Saved(string line, string program)
    {
        var match = SavedRange().Match(line);
        if (!match.Success || Ports(match) is not var (lowest, highest) || !line.StartsWith("-A ", StringComparison.Ordinal))
        {
            return null;
        }

        var words = line.Split(' ', 3);
        var wide = string.Concat(
            words[2].AsSpan(0, match.Groups["range"].Index - (line.Length - words[2].Length)), "1024-65535",
            words[2].AsSpan(match.Groups["range"].Index + match.Groups["range"].Length - (line.Length - words[2].Length)));
        return new TranslationRule(line, lowest, highest, $"{program} -t nat -I {words[1]} {wide}");
    }

    private static IEnumerable<TranslationRule> Nft(string? text)
    {
        string? table = null, chain = null;
        foreach (var line in Lines(text))
        {
            if (line.StartsWith("table ", StringComparison.Ordinal))
            {
                table = line["table ".Length..].TrimEnd('{', ' ');
            }
            else if (line.StartsWith("chain ", StringComparison.Ordinal))
            {
                chain = line["chain ".Length..].TrimEnd('{', ' ');
            }
            else if (NftRange().Match(line) is { Success: true } match && Ports(match) is var (lowest, highest) && table is not null
                && chain is not null)
            {
                var range = match.Groups["range"];
                var plain = NftCounter()
                    .Replace(string.Concat(line.AsSpan(0, range.Index), "1024-65535", line.AsSpan(range.Index + range.Length)), "counter");
                yield return new TranslationRule(line, lowest, highest, $"nft insert rule {table} {chain} {plain}");
            }
        }
    }

    private static (int Lowest, int Highest)? Ports(Match match) =>
        int.TryParse(match.Groups["low"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var low)
        && int.TryParse(match.Groups["high"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var high)
        && low <= high && high - low < AllPorts
            ? (low, high)
            : null;

    [GeneratedRegex(@"--(ct)?state \S*INVALID.*-j (DROP|REJECT)")]
    private static partial Regex SavedInvalid();

    [GeneratedRegex(@"ct state (invalid|\{? ?[\w, ]*\binvalid\b)[^!]*\b(drop|reject)\b|ct state vmap \{.*invalid : (drop|reject)")]
    private static partial Regex NftInvalid();

    [GeneratedRegex(@"-j (MASQUERADE --to-ports |SNAT --to-source \S*:)(?<range>(?<low>\d+)-(?<high>\d+))")]
    private static partial Regex SavedRange();

    [GeneratedRegex(@"\b(masquerade to :|snat (ip6? )?to \S*:)(?<range>(?<low>\d+)-(?<high>\d+))")]
    private static partial Regex NftRange();

    [GeneratedRegex(@"counter packets \d+ bytes \d+")]
    private static partial Regex NftCounter();
}
