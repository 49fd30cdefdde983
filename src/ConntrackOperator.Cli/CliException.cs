namespace ConntrackOperator.Cli;

/// <summary>Ends the command with a message for the person who typed it.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the process ends with.</summary>
    public int Code => exitCode;

    /// <summary>The value of an option is not one that it may have.</summary>
    /// <param name="option">The option.</param>
    /// <param name="value">What was typed.</param>
    /// <param name="allowed">What may be: <c>must be …</c>.</param>
    public static CliException InvalidValue(string option, string value, string allowed) =>
        new(ExitCode.BadInput, $"{option}: Invalid value: \"{value}\": {allowed}");
}
