using System.CommandLine;
using System.CommandLine.Completions;
using ConntrackOperator.Cli.Completion;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The commands for shells that complete what is typed.</summary>
internal sealed partial class CommandTree
{
    private readonly LiveNames _live = new();

    private Command Completion()
    {
        var shell = new Argument<string>("SHELL")
        {
            Description =
                "bash, zsh, fish; or kubectl: the program kubectl_complete-conntrack, which kubectl asks for `kubectl conntrack`.",
        };
        Suggest(shell, () => CompletionScripts.Shells);
        var command = new Command(
            "completion", "Prints what completes commands, options, policies, nodes, states and protocols as they are typed.") { shell };
        command.SetAction(result => Console.Out.Write(CompletionScripts.For(result.GetValue(shell)!)));
        _examples[command] =
            "source <(kubectl-conntrack completion bash)    # in ~/.bashrc\nkubectl-conntrack completion zsh "
                + ">\"${fpath[1]}/_kubectl-conntrack\"\nkubectl-conntrack completion fish "
                + ">~/.config/fish/completions/kubectl-conntrack.fish\nkubectl-conntrack completion kubectl "
                + ">/usr/local/bin/kubectl_complete-conntrack; chmod +x /usr/local/bin/kubectl_complete-conntrack    # for `kubectl "
                + "conntrack`";
        return command;
    }

    private static void Suggest(Symbol symbol, Func<IEnumerable<string>> values)
    {
        var sources = symbol switch { Option option => option.CompletionSources, Argument argument => argument.CompletionSources, _ => [] };
        sources.Clear();
        sources.Add(_ => values().Select(v => new CompletionItem(v)));
    }

    /// <summary>Answers a shell. What was typed is for no parser: it may be half a command, and wrong.</summary>
    public static string Answer(IReadOnlyList<string> words)
    {
        var tree = new CommandTree();
        return Completer.Complete(tree.Root(), words, (option, value) =>
        {
            tree._live.Kubeconfig = option == tree._kubeconfig ? value : tree._live.Kubeconfig;
            tree._live.Context = option == tree._context ? value : tree._live.Context;
        }).ToText();
    }
}
