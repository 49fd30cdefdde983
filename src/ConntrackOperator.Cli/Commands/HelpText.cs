using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The help of a command with its examples, the program called as a person calls it.</summary>
internal sealed class HelpText(HelpAction inner, IReadOnlyDictionary<Command, string> examples) : SynchronousCommandLineAction
{
    /// <summary>A command as it is typed: <c>kubectl conntrack host apply</c>.</summary>
    public static string PathOf(CommandResult command)
    {
        var names = new List<string>();
        for (SymbolResult? at = command; at is CommandResult result; at = result.Parent)
        {
            names.Insert(0, result.Command is RootCommand ? ProgramName.AsCalled : result.Command.Name);
        }

        return string.Join(' ', names);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        inner.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        var command = parseResult.CommandResult.Command;
        output.WriteLine(text.ToString().Replace(RootName(parseResult), ProgramName.AsCalled, StringComparison.Ordinal).TrimEnd());
        if (examples.TryGetValue(command, out var example))
        {
            output.WriteLine();
            output.WriteLine(
                command.Subcommands.Count == 0 && !example.Contains('\n', StringComparison.Ordinal) ? "Example:" : "Examples:");
            foreach (var line in example.Split('\n'))
            {
                output.WriteLine(line.Length == 0 ? line : "  " + line.Replace("$0", ProgramName.AsCalled, StringComparison.Ordinal));
            }
        }

        return ExitCode.InSync;
    }

    private static string RootName(ParseResult parseResult) => parseResult.RootCommandResult.Command.Name;
}
