using System.Buffers;
using System.Globalization;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>A duration as Go writes it, in whole seconds: 24h0m0s, 1h, 90s, 0.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> _numeric = SearchValues.Create("0123456789.");

    /// <summary>The seconds, rounded down; null: not understood.</summary>
    public static long? Seconds(string text)
    {
        if (text == "0")
        {
            return 0;
        }

        decimal seconds = 0;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(_numeric);
            if (digits <= 0
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number > int.MaxValue)
            {
                return null;
            }

            rest = rest[digits..];
            var end = rest.IndexOfAny(_numeric);
            var unit = end < 0 ? rest : rest[..end];
            var factor =
                unit switch
                {
                    "h" => 3600m,
                    "m" => 60m,
                    "s" => 1m,
                    "ms" => 0.001m,
                    "us" or "µs" => 0.000001m,
                    "ns" => 0.000000001m,
                    _ =>
                    -1m
                };
            if (factor < 0)
            {
                return null;
            }

            seconds += number * factor;
            rest = end < 0 ? [] : rest[end..];
        }

        return text.Length == 0 ? null : (long)seconds;
    }
}
