using System.CommandLine.Parsing;
using System.Globalization;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Cli.Commands;

/// <summary>Parsers of options that name, when they refuse a value, the option, the value and what it may be. Pure.</summary>
internal static class OptionParsers
{
    /// <summary>Reads a whole number; whether it is in its range is asked where it is used, as it depends on other options.</summary>
    /// <param name="option">The option.</param>
    /// <param name="least">What it may be at least, for the message.</param>
    /// <param name="most">What it may be at most, for the message.</param>
    public static Func<ArgumentResult, int?> Number(string option, int least, int most) => argument =>
    {
        if (int.TryParse(Text(argument), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Refuse(argument, option, RuleMessages.Range(least, most));
        return null;
    };

    /// <summary>Reads a whole number that is at least 1.</summary>
    /// <param name="option">The option.</param>
    public static Func<ArgumentResult, long?> Count(string option) => argument =>
    {
        if (long.TryParse(Text(argument), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        Refuse(argument, option, "must be a whole number of at least 1");
        return null;
    };

    /// <summary>Reads one of some words.</summary>
    /// <param name="option">The option.</param>
    /// <param name="words">The words.</param>
    public static Func<ArgumentResult, string?> OneOf(string option, params string[] words) => argument =>
    {
        if (words.Contains(Text(argument)))
        {
            return Text(argument);
        }

        Refuse(argument, option, RuleMessages.Choices(words));
        return null;
    };

    private static string Text(ArgumentResult argument) => argument.Tokens.Count > 0 ? argument.Tokens[0].Value : string.Empty;

    private static void Refuse(ArgumentResult argument, string option, string allowed) =>
        argument.AddError($"{option}: Invalid value: \"{Text(argument)}\": {allowed}");
}
