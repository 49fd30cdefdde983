using System.Globalization;
using System.Text.RegularExpressions;

namespace ConntrackOperator.Cluster.Yaml;

/// <summary>
/// Gives plain scalars the types that Kubernetes gives them: YAML 1.1 as in sigs.k8s.io/yaml (goyaml.v2, resolve.go), so that yes is true
/// and 010 is 8.
/// </summary>
public static partial class YamlScalar
{
    private static readonly HashSet<string> _true = new(
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], StringComparer.Ordinal);
    private static readonly HashSet<string> _false = new(
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], StringComparer.Ordinal);
    private static readonly HashSet<string> _null = new(["", "~", "null", "Null", "NULL"], StringComparer.Ordinal);
    private static readonly HashSet<string> _notFinite = new(
        [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"], StringComparer.Ordinal);

    /// <summary>Reads a plain scalar.</summary>
    /// <param name="text">As it stands in the file.</param>
    /// <returns>Null, a bool, a long where the number is whole and fits, a double, or a string.</returns>
    /// <exception cref="FormatException">It is not a finite number.</exception>
    public static object? Resolve(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_null.Contains(text))
        {
            return null;
        }

        if (_true.Contains(text) || _false.Contains(text))
        {
            return _true.Contains(text);
        }

        if (_notFinite.Contains(text))
        {
            throw new FormatException($"{text} is not a number that JSON has");
        }

        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('+' or '-' or '.'))
        {
            return text;
        }

        var plain = text.Replace("_", string.Empty, StringComparison.Ordinal);
        if (TryInteger(plain, out var integer))
        {
            return integer;
        }

        return Float().IsMatch(plain) || Digits().IsMatch(plain) ? Number(ToDouble(plain)) : text;
    }

    /// <summary>A number: a long when it is whole and fits, else a double.</summary>
    /// <param name="value">The number.</param>
    public static object Number(double value) => double.IsInteger(value) && Math.Abs(value) < 9.2e18 ? (object)(long)value : value;

    // Go's strconv.ParseInt with base 0, underscores gone.
    private static bool TryInteger(string text, out long value)
    {
        value = 0;
        var negative = text.StartsWith('-');
        var digits = text.AsSpan(negative || text.StartsWith('+') ? 1 : 0);
        var radix = 10;
        if (digits.Length > 1 && digits[0] == '0')
        {
            (radix, var skip) = digits[1] switch
            {
                'x' or 'X' => (16, 2),
                'o' or 'O' => (8, 2),
                'b' or 'B' => (2, 2),
                _ => (8, 1),
            };
            digits = digits[skip..];
        }

        if (digits.IsEmpty)
        {
            return false;
        }

        UInt128 total = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) || Convert.ToInt32(digit.ToString(), 16) is var number && number >= radix)
            {
                return false;
            }

            total = total * (UInt128)radix + (UInt128)number;
            if (total > long.MaxValue)
            {
                return false;
            }
        }

        value = negative ? -(long)total : (long)total;
        return true;
    }

    private static double ToDouble(string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return double.IsFinite(value) ? value : throw new FormatException($"{text[..Math.Min(text.Length, 32)]} is too large a number");
        }

        // Hexadecimal, octal or binary beyond 64 bits: no field takes it, whatever it is exactly.
        return double.MaxValue;
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Float();

    [GeneratedRegex(@"^[-+]?0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\z")]
    private static partial Regex Digits();
}
