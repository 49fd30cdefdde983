using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ConntrackOperator.TestKit.Storage;

/// <summary>Label and field selectors in their string form.</summary>
internal sealed partial class Selector
{
    private readonly List<Func<JsonObject, bool>> _terms = [];

    public Selector(string? labels, string? fields)
    {
        foreach (Match term in Terms().Matches(labels ?? ""))
        {
            _terms.Add(LabelTerm(term));
        }

        foreach (var term in (fields ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            _terms.Add(FieldTerm(term));
        }
    }

    public bool Matches(JsonObject item) => _terms.TrueForAll(term => term(item));

    [GeneratedRegex(
        @"\s*(?<not>!)?(?<key>[\w./-]+)\s*(?:(?<op>==|=|!=)\s*(?<value>[\w.-]*)|(?<op>in|notin)\s*\((?<value>[^)]*)\))?\s*(?:,|$)")]
    private static partial Regex Terms();

    private static Func<JsonObject, bool> LabelTerm(Match term)
    {
        var key = term.Groups["key"].Value;
        var values = term.Groups["value"].Value.Split(',', StringSplitOptions.TrimEntries);
        var negated = term.Groups["not"].Success;
        var op = term.Groups["op"].Value;
        return item =>
        {
            var label = item["metadata"]?["labels"]?[key]?.GetValue<string>();
            return op switch
            {
                "=" or "==" or "in" => label is not null && values.Contains(label),
                "!=" or "notin" => label is null || !values.Contains(label),
                _ => label is null == negated,
            };
        };
    }

    private static Func<JsonObject, bool> FieldTerm(string term)
    {
        var equal = !term.Contains("!=", StringComparison.Ordinal);
        var parts = term.Split(equal ? "=" : "!=", StringSplitOptions.RemoveEmptyEntries);
        var path = parts[0].Split('.');
        var value = parts.Length > 1 ? parts[1] : "";
        return item =>
        {
            JsonNode? node = item;
            foreach (var segment in path)
            {
                node = (node as JsonObject)?[segment];
            }

            return ((node?.ToString() ?? "") == value) == equal;
        };
    }
}
