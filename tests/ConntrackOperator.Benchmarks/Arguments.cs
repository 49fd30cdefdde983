using System.Globalization;

namespace ConntrackOperator.Benchmarks;

/// <summary>Options of the form --name NUMBER.</summary>
internal static class Arguments
{
    /// <exception cref="FormatException">The option has no number.</exception>
    internal static int Number(string[] arguments, string name, int otherwise)
    {
        var at = Array.IndexOf(arguments, name);
        return at < 0
            ? otherwise
            : at + 1 < arguments.Length && int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new FormatException($"{name} needs a number");
    }
}
