using System.Globalization;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>
/// An amount of bytes as people write it: a number, or a string with a suffix of Kubernetes' quantities (k, M, G, Ki, Mi, Gi).
/// </summary>
/// <param name="Text">What was written.</param>
[JsonConverter(typeof(QuantityConverter))]
public readonly record struct Quantity(string Text)
{
    /// <summary>Reads the amount.</summary>
    /// <param name="bytes">Whole bytes, 0 or more.</param>
    /// <returns>False when it is not a whole, not negative number of bytes below 2^63.</returns>
    public bool TryGetBytes(out long bytes)
    {
        bytes = 0;
        var text = Text ?? string.Empty;
        var end = text.Length;
        while (end > 0 && !char.IsAsciiDigit(text[end - 1]))
        {
            end--;
        }

        decimal? unit = text[end..] switch
        {
            "" => 1m,
            "k" => 1_000m,
            "M" => 1_000_000m,
            "G" => 1_000_000_000m,
            "Ki" => 1024m,
            "Mi" => 1024m * 1024,
            "Gi" => 1024m * 1024 * 1024,
            _ => null,
        };
        if (unit is null || end is 0 or > 18
            || !decimal.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        var amount = number * unit.Value;
        if (amount > long.MaxValue)
        {
            return false;
        }

        bytes = (long)amount;
        return true;
    }

    /// <inheritdoc />
    public override string ToString() => Text;
}
