using System.Globalization;
using System.Text;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Planning.Formatting;

/// <summary>
/// Durations as in Kubernetes' own fields (Go's time.ParseDuration), limited to what the kernel's time-outs hold: whole seconds.
/// </summary>
public static class KubeDuration
{
    /// <summary>What is allowed, in the words that a person gets from the API server and offline alike.</summary>
    public const string Allowed = RuleMessages.Duration;

    /// <summary>The longest text that is looked at, in characters.</summary>
    public const int MaximumLength = 24;

    // As many digits as fit the greatest duration; the CRD's pattern says the same, so that both refuse the same texts.
    private static readonly (char Unit, int Seconds, int Digits)[] _units = [('h', 3600, 6), ('m', 60, 8), ('s', 1, 10)];

    /// <summary>Reads a duration such as 30s, 10m, 24h or 1h30m.</summary>
    /// <param name="text">The text; each unit at most once, in the order h, m, s.</param>
    /// <param name="seconds">Seconds, 1 to 21474836; 0 when the text is refused.</param>
    /// <param name="error">What is allowed, when the text is refused; otherwise empty.</param>
    /// <returns>False when the text is refused.</returns>
    public static bool TryParse(string? text, out long seconds, out string error)
    {
        seconds = 0;
        error = Allowed;
        if (string.IsNullOrEmpty(text) || text.Length > MaximumLength)
        {
            return false;
        }

        long total = 0;
        var position = 0;
        foreach (var (unit, factor, digits) in _units)
        {
            var start = position;
            while (position < text.Length && char.IsAsciiDigit(text[position]))
            {
                position++;
            }

            if (position == start || position == text.Length || text[position] != unit)
            {
                position = start;
                continue;
            }

            if (position - start > digits)
            {
                return false;
            }

            total += long.Parse(text.AsSpan(start, position - start), NumberStyles.None, CultureInfo.InvariantCulture) * factor;
            position++;
        }

        if (position != text.Length || total is < DurationAttribute.MinimumSeconds or > DurationAttribute.MaximumSeconds)
        {
            return false;
        }

        seconds = total;
        error = string.Empty;
        return true;
    }

    /// <summary>Writes a duration in the shortest form: 2h, 1h30m, 45s.</summary>
    /// <param name="seconds">Seconds, 0 or more.</param>
    /// <returns>The duration; 0s for none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static string Format(long seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seconds);
        if (seconds == 0)
        {
            return "0s";
        }

        var text = new StringBuilder();
        foreach (var (unit, factor, _) in _units)
        {
            var amount = seconds / factor;
            seconds %= factor;
            if (amount > 0)
            {
                text.Append($"{amount}{unit}");
            }
        }

        return text.ToString();
    }
}
