using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Controller.Agents;

/// <summary>From the policies' selectors to the DaemonSet's node affinity. Pure.</summary>
internal static class NodeTerms
{
    /// <summary>As planning has it: a node whose label says windows is never selected.</summary>
    private const string OperatingSystemLabel = "kubernetes.io/os";

    /// <summary>
    /// Which nodes shall have an agent: those that a policy selects. While nodes are leaving, what was there before stays, and
    /// each leaving node that no selector reaches any more (its labels changed) is named: its agent has to put things back first.
    /// </summary>
    /// <param name="selectors">Of all policies.</param>
    /// <param name="existing">The terms of the DaemonSet as it is; null: there is none.</param>
    /// <param name="leaving">Nodes that no policy selects and that have not put everything back.</param>
    public static JsonArray Compute(IEnumerable<LabelSelector?> selectors, JsonElement? existing, IReadOnlyCollection<string> leaving)
    {
        var terms = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var selector in selectors)
        {
            Add(terms, FromSelector(selector));
        }

        if (leaving.Count > 0)
        {
            foreach (var term in existing?.EnumerateArray() ?? default)
            {
                // Names of nodes that have left meanwhile need not stay.
                if (!term.TryGetProperty("matchFields", out _))
                {
                    Add(terms, JsonNode.Parse(term.GetRawText())!);
                }
            }

            foreach (var node in leaving)
            {
                Add(terms, new JsonObject { ["matchFields"] = new JsonArray(Requirement("metadata.name", "In", [node])) });
            }
        }

        return [.. terms.Values];
    }

    private static void Add(SortedDictionary<string, JsonNode> terms, JsonNode term) => terms.TryAdd(term.ToJsonString(), term);

    private static JsonObject FromSelector(LabelSelector? selector)
    {
        var expressions = new JsonArray(Requirement(OperatingSystemLabel, "NotIn", ["windows"]));
        foreach (var (key, value) in (selector?.MatchLabels ?? []).OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            expressions.Add((JsonNode)Requirement(key, "In", [value]));
        }

        foreach (var expression in selector?.MatchExpressions ?? [])
        {
            expressions.Add((JsonNode)Requirement(expression.Key!, expression.Operator!, expression.Values));
        }

        return new JsonObject { ["matchExpressions"] = expressions };
    }

    private static JsonObject Requirement(string key, string @operator, IReadOnlyList<string>? values)
    {
        var requirement = new JsonObject { ["key"] = key, ["operator"] = @operator };
        if (values is { Count: > 0 })
        {
            requirement["values"] = new JsonArray([.. values.Select(v => (JsonNode)JsonValue.Create(v)!)]);
        }

        return requirement;
    }
}
