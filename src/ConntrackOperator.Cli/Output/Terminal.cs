namespace ConntrackOperator.Cli.Output;

/// <summary>Who reads the output.</summary>
internal static class Terminal
{
    /// <summary>Whether the output may have colours and move the cursor (https://no-color.org).</summary>
    public static bool IsRich => !Console.IsOutputRedirected && IsCapable;

    /// <summary>Whether messages may draw over each other.</summary>
    public static bool IsErrorRich => !Console.IsErrorRedirected && IsCapable;

    /// <summary>Whether somebody is there to answer a question.</summary>
    public static bool CanAsk => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    private static bool IsCapable =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";
}
