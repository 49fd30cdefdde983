namespace ConntrackOperator.Cli;

/// <summary>How this program was started.</summary>
internal static class ProgramName
{
    /// <summary>How the program is called: kubectl finds <c>kubectl-conntrack</c> on the path for <c>kubectl conntrack</c>.</summary>
    public static string AsCalled { get; } = AsCalledBy(Environment.GetCommandLineArgs()[0]);

    /// <summary>The program's own name, for commands to be pasted: it works whether kubectl is there or not.</summary>
    public static string Own { get; } = Path.GetFileNameWithoutExtension(Environment.GetCommandLineArgs()[0]);

    internal static string AsCalledBy(string argument)
    {
        var name = Path.GetFileNameWithoutExtension(argument);
        return name.StartsWith("kubectl-", StringComparison.Ordinal) ? "kubectl " + name["kubectl-".Length..] : name;
    }
}
