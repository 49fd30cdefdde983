using System.CommandLine;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cli.Cluster;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The commands that look into the tables of a cluster's nodes, and those that change what is in them.</summary>
internal sealed partial class CommandTree
{
    private const int DefaultTtlSeconds = 3600;

    private Command Top()
    {
        var node = new Option<string?>("--node")
        {
            Description = "What fills this node's table, who put it there, what to change. Live on a terminal.",
            HelpName = "NODE",
        };
        Suggest(node, _live.Nodes);
        var once = new Option<bool>("--once") { Description = "Print once and end; as when the output is not a terminal." };
        var command = new Command("top", "Shows the nodes with the fullest tables, or what fills one of them, with addresses resolved to "
            + "pods and services.") { node, once, _output, _kubeconfig, _context };
        command.SetAction((result, cancel) => ClusterTop.RunAsync(
            ClusterConnection.Open(result.GetValue(_kubeconfig), result.GetValue(_context)), result.GetValue(node), result.GetValue(once),
            result.GetValue(_output), TimeProvider.System, cancel));
        _examples[command] = "$0 top\n$0 top --node node-7\n$0 top --node node-7 -o json";
        return command;
    }

    private Command Advise()
    {
        var name = new Argument<string?>("NODE|POLICY")
        {
            Description = "Only this node, or the nodes of this policy.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => null,
        };
        Suggest(name, () => _live.Nodes().Concat(_live.Policies()));
        var command = new Command(
            "advise",
            "Says, node by node, why the table fills up or loses packets and what to do, in a line: the most pressing cause. On the node, "
                + "host advise has all of them, with commands.")
        {
            name, _output, _kubeconfig, _context,
        };
        command.SetAction((result, cancel) => ClusterAdvise.RunAsync(
            ClusterConnection.Open(result.GetValue(_kubeconfig), result.GetValue(_context)), result.GetValue(name),
            result.GetValue(_output), TimeProvider.System, cancel));
        _examples[command] = "$0 advise\n$0 advise node-7\n$0 advise edge";
        return command;
    }

    private Command Flush()
    {
        var match = new MatchOptions();
        var node = new Option<string?>("--node") { Description = "On this node.", HelpName = "NODE" };
        Suggest(node, _live.Nodes);
        var selector = new Option<string?>("--selector", "-l")
        {
            Description = "On the nodes with these labels: a=b, a!=b, a, !a, with commas between.",
            HelpName = "LABELS",
        };
        var allNodes = new Option<bool>("--all-nodes") { Description = "On every node that a policy selects." };
        var all = new Option<bool>("--all")
        {
            Description = "Every entry of the table. Connections go on, but translated ones (NAT) break.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only count what matches." };
        var noWait = new Option<bool>("--no-wait") { Description = "Do not wait until the nodes have done it." };
        var ttl = new Option<int?>("--ttl")
        {
            CustomParser = OptionParsers.Number("--ttl", 0, FlushSpec.MaximumTtlSeconds),
            Description = "Seconds that the ConntrackFlush stays after it has finished.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultTtlSeconds,
        };
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Do not ask. Needed where nobody can be asked: in a script, a pipe, cron.",
        };
        var command = new Command("flush", "Deletes entries of the tables of nodes, once on each: those that all given conditions hold "
            + "for. Makes a ConntrackFlush and waits for it.");
        match.AddTo(command, forHost: false);
        foreach (var option in (Option[])[node, selector, allNodes, all, dryRun, noWait, ttl, yes, _output, _kubeconfig, _context])
        {
            command.Options.Add(option);
        }

        command.SetAction((result, cancel) =>
        {
            var (one, labels, every) = (result.GetValue(node), result.GetValue(selector), result.GetValue(allNodes));
            if ((one is null ? 0 : 1) + (labels is null ? 0 : 1) + (every ? 1 : 0) != 1)
            {
                throw new CliException(ExitCode.BadInput, "say on which nodes: one of --node, --selector and --all-nodes");
            }

            var spec = new FlushSpec
            {
                NodeName = one,
                NodeSelector = labels is not null ? FlushTarget.Selector(labels) : every ? new LabelSelector() : null,
                Match = match.ForCluster(result, result.GetValue(all)),
                DryRun = result.GetValue(dryRun),
                TtlSecondsAfterFinished = result.GetValue(ttl),
            };
            return ClusterFlush.RunAsync(
                () => ClusterConnection.Open(result.GetValue(_kubeconfig), result.GetValue(_context)),
                spec, result.GetValue(yes), !result.GetValue(noWait), result.GetValue(_output), TimeProvider.System, cancel);
        });
        _examples[command] = "$0 flush --node node-7 --protocol TCP --state TIME_WAIT --dry-run\n"
            + "$0 flush --selector pool=edge --source 203.0.113.0/24 --unreplied\n"
            + "$0 flush --all-nodes --protocol UDP --idle-for 10m --no-wait";
        return command;
    }
}
