namespace ConntrackOperator.Cli.Output;

/// <summary>Who reads the output.</summary>
internal static class Terminal
{
    /// <summary>Whether the output may have colours and move the cursor (https://no-color.org).</summary>
    public static bool IsRich => !Console.IsOutputRedirected && IsCapable;

    /// <summary>Whether messages may draw over each other.</summary>
    public static bool IsErrorRich => !Console.IsErrorRedirected && IsCapable;

    /// <summary>Ends a command that is to ask where nobody reads the question or can answer it.</summary>
    /// <param name="answered">Whether nothing has to be asked: <c>--yes</c> is given, or nothing will be deleted.</param>
    /// <exception cref="CliException">Standard input or standard error, which the question goes to, is no terminal.</exception>
    public static void RequireAnswer(bool answered)
    {
        if (!answered && (Console.IsInputRedirected || Console.IsErrorRedirected))
        {
            throw new CliException(
                ExitCode.BadInput,
                $"--yes: is needed, since standard {(Console.IsInputRedirected ? "input" : "error")} is not a terminal and nobody can be "
                    + "asked; nothing was deleted (--dry-run counts what matches)");
        }
    }

    /// <summary>Reads a line of standard input; null at its end.</summary>
    /// <param name="cancel">Does not wait any longer for one who does not answer.</param>
    /// <exception cref="OperationCanceledException">It was asked to end.</exception>
    public static string? ReadLine(CancellationToken cancel)
    {
        var line = Task.Run(Console.In.ReadLine, CancellationToken.None);
        line.Wait(cancel);
        return line.Result;
    }

    private static bool IsCapable =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";
}
