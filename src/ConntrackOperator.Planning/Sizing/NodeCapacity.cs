using System.Buffers;
using System.Globalization;

namespace ConntrackOperator.Planning.Sizing;

/// <summary>
/// What a Node's <c>status.capacity</c> says of the machine. Whoever plans for a node of a cluster reads it here and nowhere
/// else, or a plan that is shown could differ from the one that is carried out.
/// </summary>
public static class NodeCapacity
{
    private static readonly Dictionary<string, string> _noLabels = [];
    private static readonly SearchValues<char> _numeric = SearchValues.Create("0123456789.");

    /// <summary>What planning needs of a node.</summary>
    /// <param name="name">The node's name; null counts as empty.</param>
    /// <param name="labels">Its labels; null counts as none.</param>
    /// <param name="capacity">Its <c>status.capacity</c>: resources and their quantities; what is missing or not understood is 0, that is
    /// unknown.</param>
    public static NodeFacts Facts(
        string? name, IReadOnlyDictionary<string, string>? labels, IReadOnlyDictionary<string, string>? capacity) =>
        new(name ?? string.Empty, labels ?? _noLabels, (int)Math.Min(int.MaxValue, Units(capacity, "cpu")), Units(capacity, "memory"));

    /// <summary>Whole units of a quantity, rounded down.</summary>
    private static long Units(IReadOnlyDictionary<string, string>? capacity, string resource)
    {
        if (capacity?.GetValueOrDefault(resource) is not { Length: > 0 } text)
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
}
