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
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            || Unit(digits < 0 ? string.Empty : text[digits..]) is not { } unit)
        {
            return 0;
        }

        try
        {
            return (long)Math.Min(amount * unit, long.MaxValue);
        }
        catch (OverflowException)
        {
            return long.MaxValue;
        }
    }

    /// <summary>The suffixes of k8s.io/apimachinery/pkg/api/resource, decimal exponents among them.</summary>
    private static decimal? Unit(string suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1L << 10,
        "Mi" => 1L << 20,
        "Gi" => 1L << 30,
        "Ti" => 1L << 40,
        "Pi" => 1L << 50,
        "Ei" => 1L << 60,
        ['e' or 'E', ..] when decimal.TryParse("1" + suffix, NumberStyles.Float, CultureInfo.InvariantCulture, out var unit) => unit,
        _ => null,
    };

    private static bool SameLabels(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
