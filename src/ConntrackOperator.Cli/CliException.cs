namespace ConntrackOperator.Cli;

/// <summary>Ends the command with a message for the person who typed it.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the process ends with.</summary>
    public int Code => exitCode;
}
