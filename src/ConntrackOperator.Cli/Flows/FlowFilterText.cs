using System.Globalization;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Cli.Flows;

/// <summary>Conditions of a filter as they are typed.</summary>
internal static class FlowFilterText
{
    /// <summary>The filter with a mark such as 7, 0x10 or 0x10/0xf0.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static FlowFilter WithMark(this FlowFilter filter, string? text)
    {
        if (text is null)
        {
            return filter;
        }

        var parts = text.Split('/');
        var mask = uint.MaxValue;
        return parts.Length <= 2 && TryNumber(parts[0], out var mark) && (parts.Length == 1 || TryNumber(parts[1], out mask))
            ? filter with { Mark = mark, MarkMask = mask }
            : throw CliException.InvalidValue("--mark", text, "must be a number, or a number and a mask such as 0x10/0xf0");
    }

    private static bool TryNumber(string text, out uint number) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
