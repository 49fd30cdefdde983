using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ConntrackOperator.Cli.Crd;

/// <summary>Writes a JSON tree as block-style YAML, always the same text for the same tree.</summary>
internal static partial class YamlWriter
{
    private const int Width = 110;

    internal static string Write(JsonObject root)
    {
        var text = new StringBuilder();
        WriteObject(text, root, 0, onLine: false);
        return text.ToString();
    }

    private static void WriteObject(StringBuilder text, JsonObject node, int indent, bool onLine)
    {
        foreach (var (key, value) in node)
        {
            if (!onLine)
            {
                text.Append(' ', indent);
            }

            onLine = false;
            text.Append(Scalar(key)).Append(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } map:
                    text.Append('\n');
                    WriteObject(text, map, indent + 2, onLine: false);
                    break;
                case JsonArray { Count: > 0 } list:
                    text.Append('\n');
                    WriteList(text, list, indent);
                    break;
                default:
                    WriteLeaf(text, value, indent);
                    break;
            }
        }
    }

    private static void WriteList(StringBuilder text, JsonArray list, int indent)
    {
        foreach (var item in list)
        {
            text.Append(' ', indent).Append('-');
            if (item is JsonObject { Count: > 0 } map)
            {
                text.Append(' ');
                WriteObject(text, map, indent + 2, onLine: true);
            }
            else
            {
                WriteLeaf(text, item, indent);
            }
        }
    }

    private static void WriteLeaf(StringBuilder text, JsonNode? value, int indent)
    {
        if (value is JsonValue leaf && leaf.TryGetValue<string>(out var words) && words.Length > Width - indent
            && !words.Contains("  ", StringComparison.Ordinal))
        {
            Fold(text, words, indent + 2);
            return;
        }

        text.Append(' ').Append(value switch
        {
            null => "null",
            JsonValue scalar when scalar.TryGetValue<string>(out var plain) => Scalar(plain),
            _ => value.ToJsonString(),
        }).Append('\n');
    }

    private static void Fold(StringBuilder text, string words, int indent)
    {
        text.Append(" >-\n");
        var column = 0;
        foreach (var word in words.Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > Width)
            {
                text.Append('\n');
                column = 0;
            }

            text.Append(' ', column == 0 ? indent : 1).Append(word);
            column += word.Length + (column == 0 ? indent : 1);
        }

        text.Append('\n');
    }

    private static string Scalar(string text) =>
        Plain().IsMatch(text) && !Reserved().IsMatch(text) && !text.Contains(": ", StringComparison.Ordinal)
            && !text.Contains(" #", StringComparison.Ordinal)
        ? text
        : "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    [GeneratedRegex(@"^[A-Za-z$./][^\n\t]*[^\s:]\z")]
    private static partial Regex Plain();

    [GeneratedRegex("^(true|false|null|yes|no|on|off|y|n)$", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();
}
