using System.Text.RegularExpressions;

namespace ConntrackOperator.Incidents.Pages;

/// <summary>The commands of a page of the documentation that work on one machine, and the files that they name. Pure.</summary>
internal static partial class PageCommands
{
    /// <summary>
    /// Lines after a "$ " in console blocks, here-documents with all of theirs. Commands that need a cluster are left out.
    /// </summary>
    internal static IReadOnlyList<string> Of(string page)
    {
        var commands = new List<string>();
        foreach (Match block in Blocks("console").Matches(page))
        {
            var lines = block.Groups[1].Value.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (!lines[i].StartsWith("$ ", StringComparison.Ordinal) || !lines[i].Contains("conntrack host ", StringComparison.Ordinal))
                {
                    continue;
                }

                var command = lines[i][2..];
                if (HereDocument().Match(command) is { Success: true } here)
                {
                    while (++i < lines.Length && lines[i] != here.Groups[1].Value)
                    {
                        command += "\n" + lines[i];
                    }

                    command += "\n" + here.Groups[1].Value + "\n";
                }

                commands.Add(command);
            }
        }

        return commands;
    }

    /// <summary>The page's YAML blocks under the names that its commands call them by, the first block first.</summary>
    internal static IReadOnlyDictionary<string, string> Files(string page)
    {
        var names = FileArgument().Matches(string.Join('\n', Of(page))).Select(m => m.Groups[1].Value).Distinct().ToArray();
        var blocks = Blocks("yaml").Matches(page).Select(m => m.Groups[1].Value)
            .Where(b => b.Contains("kind: ConntrackPolicy", StringComparison.Ordinal)).ToArray();
        return names.Zip(blocks).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static Regex Blocks(string language) => new($"^```{language}\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline);

    [GeneratedRegex(@"<<-?'?(\w+)'?")]
    private static partial Regex HereDocument();

    [GeneratedRegex(@"-f ([\w-]+\.yaml)")]
    private static partial Regex FileArgument();
}
