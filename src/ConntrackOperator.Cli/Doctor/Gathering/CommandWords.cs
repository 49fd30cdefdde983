using System.Text.Json.Nodes;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>The words of a container's command line, those of a script that a shell is given among them.</summary>
internal static class CommandWords
{
    private static readonly char[] _blanks = [' ', '\t', '\r', '\n', ';', '"', '\''];

    /// <summary>Command and arguments, each split at blanks: a static pod's may be a whole line for a shell.</summary>
    public static IReadOnlyList<string> Of(JsonNode container) => Split(container.Texts("command").Concat(container.Texts("args")));

    /// <summary>The same for words that are there already.</summary>
    public static IReadOnlyList<string> Split(IEnumerable<string> words) =>
        [.. words.SelectMany(w => w.Split(_blanks, StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The flags, <c>--name=value</c> or <c>--name value</c>; of a flag that is given twice the last.</summary>
    public static Dictionary<string, string> Flags(IReadOnlyList<string> words)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Count; i++)
        {
            if (!words[i].StartsWith("--", StringComparison.Ordinal))
            {
                continue;
            }

            var equals = words[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? words[i][2..] : words[i][2..equals];
            flags[name] = equals >= 0 ? words[i][(equals + 1)..]
                : i + 1 < words.Count && !words[i + 1].StartsWith('-') ? words[i + 1] : "true";
        }

        return flags;
    }
}
