using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Cli.Commands;

/// <summary>Parses, runs the command, and turns whatever goes wrong into a line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>
    /// How long a command may take to end once it is asked to, by Ctrl-C or SIGTERM, before the process is ended with 130 or 143: what is
    /// being written or deleted comes to its end first, on a busy machine too. A second signal ends it at once.
    /// </summary>
    private static readonly TimeSpan _mayTakeToEnd = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [Completion.CompletionScripts.Ask, .. var typed])
        {
            Console.Out.Write(CommandTree.Answer(typed));
            return ExitCode.InSync;
        }

        // To the parser an option that may stand alone does so here, and means true: a variable that is empty must not.
        if (Array.Find(args, a => a.StartsWith("--", StringComparison.Ordinal) && a.IndexOf('=') == a.Length - 1) is { } bare)
        {
            return Fail(Empty(bare[..^1]), ExitCode.BadInput);
        }

        // '@' is no special character: a policy file may be named so.
        var parsed = CommandTree.Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (EmptyValue(parsed) is { } empty)
        {
            return Fail(Empty(empty), ExitCode.BadInput);
        }

        if (parsed.Action is ParseErrorAction)
        {
            // A word that is no command makes the parser miss the command as well: once is enough.
            var unknown = parsed.UnmatchedTokens.Count > 0;
            foreach (var error in parsed.Errors.Where(
                e => !unknown || parsed.UnmatchedTokens.Any(t => e.Message.Contains(t, StringComparison.Ordinal))))
            {
                Console.Error.WriteLine("error: " + error.Message);
            }

            Console.Error.WriteLine($"See '{HelpText.PathOf(parsed.CommandResult)} --help'.");
            return ExitCode.BadInput;
        }

        try
        {
            using var signals = new EndingSignals(_mayTakeToEnd);
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, signals.Asked);
        }
        catch (OutputClosedException)
        {
            return ExitCode.InSync;
        }
        catch (CliException e)
        {
            return Fail(e.Message, e.Code);
        }
        catch (StateDirectoryBusyException e)
        {
            return Fail(e.Message, ExitCode.Failure);
        }
        catch (ApiException e)
        {
            return Fail(e.Message, ExitCode.Failure);
        }
        catch (NetlinkException e)
        {
            return Fail(NetlinkProblem.Explain(e), ExitCode.Failure);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return Fail(e.Message, ExitCode.Failure);
        }
        catch (OperationCanceledException)
        {
            return Fail("interrupted", ExitCode.Failure);
        }
    }

    /// <summary>The first option or argument that was given an empty value, as by a variable that is not set; null: none.</summary>
    internal static string? EmptyValue(ParseResult parsed) =>
        Given(parsed.CommandResult).FirstOrDefault(given => given.Value.Length == 0).Name;

    /// <summary>Each value that was typed, with the option or argument that it is of.</summary>
    private static IEnumerable<(string Name, string Value)> Given(CommandResult command) =>
        (command.Parent is CommandResult parent ? Given(parent) : []).Concat(command.Children.SelectMany(child => child switch
        {
            OptionResult option => option.Tokens.Select(t => (option.Option.Name, t.Value)),
            ArgumentResult argument => argument.Tokens.Select(t => (argument.Argument.Name, t.Value)),
            _ => [],
        }));

    private static string Empty(string name) => $"{name}: Invalid value: \"\": must not be empty";

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine("error: " + message);
        return code;
    }
}
