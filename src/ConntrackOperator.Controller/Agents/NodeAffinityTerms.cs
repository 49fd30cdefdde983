using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Controller.Agents;

/// <summary>From the policies' selectors to the DaemonSet's node affinity. Pure.</summary>
internal static class NodeAffinityTerms
{
    /// <summary>
    /// Which nodes shall have an agent: those that a policy selects, and those that are leaving, since their agents have to put
    /// things back first. A leaving node is reached by the term that was there for it, or by its name when its labels changed.
    /// </summary>
    /// <param name="selectors">Of all policies.</param>
    /// <param name="existing">The terms of the DaemonSet as it is; null: there is none.</param>
    /// <param name="leaving">Nodes that no policy selects and that have not put everything back.</param>
    /// <returns>The terms, each once, in a fixed order.</returns>
    public static JsonArray Compute(IEnumerable<LabelSelector?> selectors, JsonArray? existing, IEnumerable<NodeFacts> leaving)
    {
        var terms = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        var reached = new List<LabelSelector?>();
        foreach (var selector in selectors)
        {
            Add(terms, FromSelector(selector));
            reached.Add(selector);
        }

        var before = (existing ?? []).Select(term => (Term: term, Selector: ToSelector(term))).Where(t => t.Selector is not null).ToList();
        foreach (var node in leaving)
        {
            if (reached.Exists(selector => LabelSelectors.Matches(selector, node.Labels)))
            {
                continue;
            }

            if (before.Find(t => LabelSelectors.Matches(t.Selector, node.Labels)) is { Term: { } kept } found)
            {
                Add(terms, kept.DeepClone());
                reached.Add(found.Selector);
            }
            else
            {
                Add(terms, new JsonObject { ["matchFields"] = new JsonArray(Requirement("metadata.name", "In", [node.Name])) });
            }
        }

        return [.. terms.Values];
    }

    /// <summary>
    /// The terms that are there, and of those needed what they do not reach already: a term that is taken away, or whose place is
    /// another one, changes the pod template, and that starts every agent of the cluster anew.
    /// </summary>
    /// <param name="existing">The terms of the DaemonSet as it is.</param>
    /// <param name="needed">What <see cref="Compute"/> gave.</param>
    public static JsonArray Grow(JsonArray existing, JsonArray needed)
    {
        var grown = (JsonArray)existing.DeepClone();
        foreach (var term in needed)
        {
            if (!existing.Any(known => Covers(known, term)))
            {
                grown.Add(term!.DeepClone());
            }
        }

        return grown;
    }

    /// <summary>Whether one term asks for nothing that the other does not ask for, so that it reaches every node of the other.</summary>
    private static bool Covers(JsonNode? wide, JsonNode? narrow)
    {
        if (wide is not JsonObject { Count: > 0 } asked)
        {
            // A term that asks for nothing reaches nothing.
            return false;
        }

        return asked.All(list => list.Value is JsonArray { Count: > 0 } requirements
            && narrow?[list.Key] is JsonArray others
            && requirements.All(r => others.Any(o => JsonNode.DeepEquals(r, o))));
    }

    private static void Add(SortedDictionary<string, JsonNode> terms, JsonNode term) => terms.TryAdd(term.ToJsonString(), term);

    private static JsonObject FromSelector(LabelSelector? selector)
    {
        var expressions = new JsonArray(Requirement(LabelSelectors.OperatingSystemLabel, "NotIn", ["windows"]));
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

    /// <summary>A term that is about labels alone, as a selector; null for any other.</summary>
    private static LabelSelector? ToSelector(JsonNode? term)
    {
        if (term is not JsonObject { Count: 1 } only || only["matchExpressions"] is not JsonArray expressions)
        {
            return null;
        }

        return new LabelSelector
        {
            MatchExpressions =
            [
                .. expressions.Select(e => new LabelSelectorRequirement
                {
                    Key = (string?)e?["key"],
                    Operator = (string?)e?["operator"],
                    Values = (e?["values"] as JsonArray)?.Select(v => (string?)v ?? string.Empty).ToList(),
                }),
            ],
        };
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
