using System.Buffers;
using System.Globalization;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>From a Node to what planning needs of it. Pure.</summary>
internal static class NodeReading
{
    private static readonly Dictionary<string, string> _noLabels = [];
    private static readonly SearchValues<char> _numeric = SearchValues.Create("0123456789.");

    public static NodeFacts Facts(NodeObject node) => new(
        node.Metadata?.Name ?? string.Empty,
        node.Metadata?.Labels ?? _noLabels,
        (int)Math.Min(int.MaxValue, Quantity(node, "cpu")),
        Quantity(node, "memory"));

    /// <summary>A node that says nothing of itself counts as there.</summary>
    public static bool IsReady(NodeObject node) =>
        node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready") is not { } ready || ready.Status == "True";

    /// <summary>Whether anything that planning or aggregation reads differs.</summary>
    public static bool Differs(NodeObject? before, NodeObject? after) =>
        before is null || after is null
        || before.Metadata?.Uid != after.Metadata?.Uid
        || before.Metadata?.DeletionTimestamp != after.Metadata?.DeletionTimestamp
        || IsReady(before) != IsReady(after)
        || Quantity(before, "cpu") != Quantity(after, "cpu")
        || Quantity(before, "memory") != Quantity(after, "memory")
        || !SameLabels(before.Metadata?.Labels ?? _noLabels, after.Metadata?.Labels ?? _noLabels);

    /// <summary>Whole units of a quantity, rounded down; 0 when it is missing or not understood.</summary>
    private static long Quantity(NodeObject node, string resource)
    {
        if (node.Status?.Capacity?.GetValueOrDefault(resource) is not { Length: > 0 } text)
        {
            return 0;
        }

        var digits = text.AsSpan().IndexOfAnyExcept(_numeric);
        var number = digits < 0 ? text : text[..digits];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
        {
            return 0;
        }

        decimal? unit = (digits < 0 ? string.Empty : text[digits..]) switch
        {
            "" => 1m,
            "m" => 0.001m,
            "k" => 1e3m,
            "M" => 1e6m,
            "G" => 1e9m,
            "T" => 1e12m,
            "P" => 1e15m,
            "Ki" => 1024m,
            "Mi" => 1048576m,
            "Gi" => 1073741824m,
            "Ti" => 1099511627776m,
            "Pi" => 1125899906842624m,
            _ => null,
        };
        return unit is { } factor && amount * factor <= long.MaxValue ? (long)(amount * factor) : 0;
    }

    private static bool SameLabels(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
