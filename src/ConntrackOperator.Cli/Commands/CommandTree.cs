using System.CommandLine;
using System.CommandLine.Help;
using ConntrackOperator.Cli.Cluster;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Cli.Doctor.Rules;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Commands;

/// <summary>All commands, their options and their help. Nothing is done here before a command runs.</summary>
internal sealed partial class CommandTree
{
    private readonly Dictionary<Command, string> _examples = [];

    private readonly Option<string[]> _files = new("--filename", "-f")
    {
        Description =
            "A file of ConntrackPolicies, YAML or JSON, one or several documents; - for the standard input. May be given several times.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string[]> _optionalFiles = new("--filename", "-f")
    {
        Description = "As for host apply. Left out: the plan that was applied last.",
        HelpName = "FILE",
    };

    private readonly Option<OutputFormat> _output = new("--output", "-o")
    {
        Description = "How to print the result; table when left out.",
        HelpName = "table|json|yaml",
        CustomParser = argument =>
        {
            var text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : string.Empty;
            switch (text)
            {
                case "table":
                    return OutputFormat.Table;
                case "json":
                    return OutputFormat.Json;
                case "yaml":
                    return OutputFormat.Yaml;
                default:
                    argument.AddError($"--output: Invalid value: \"{text}\": must be one of table, json, yaml");
                    return OutputFormat.Table;
            }
        },
    };

    private readonly Option<string> _sysctls = new("--sysctl-dir")
    {
        Description = "The directory of the sysctls.",
        HelpName = "DIR",
        DefaultValueFactory = _ => SysctlDirectory.DefaultPath,
    };

    private readonly Option<string> _state = new("--state-dir")
    {
        Description = "Where the original values and the plan are kept.",
        HelpName = "DIR",
        DefaultValueFactory = _ => StateDirectory.DefaultPath,
    };

    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "The kubeconfig file. Left out: $KUBECONFIG, then ~/.kube/config, then the pod's service account.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _context = new("--context") { Description = "The kubeconfig's context to use.", HelpName = "NAME" };

    private CommandTree()
    {
        Suggest(_output, () => ["table", "json", "yaml"]);
        Suggest(_ignore, () => DoctorRules.Names);
    }

    public static RootCommand Build() => new CommandTree().Root();

    private RootCommand Root()
    {
        var root = new RootCommand(
            "Keeps the kernel's connection-tracking table from filling up: on this machine, or on every node of a cluster.")
        {
            HostGroup(), Status(), Doctor(), Top(), Advise(), Flush(), Plan(), Crd(), Completion(), Version(),
        };
        _examples[root] = "$0 host apply -f policy.yaml\n$0 status\n$0 top --node node-7";
        if (root.Options.FirstOrDefault(o => o is VersionOption) is { } version)
        {
            version.Description = "Prints the version.";
            version.Action = new VersionAction();
        }

        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpText((HelpAction)help.Action!, _examples);
        return root;
    }

    private Command HostGroup()
    {
        var group = new Command("host", "This machine, without Kubernetes.")
        {
            HostApply(), HostStatus(), HostDoctor(), HostRestore(), HostWatch(), HostTop(), HostAdvise(), HostFlows(), HostFlush(),
            HostBackup(),
        };
        _examples[group] =
            "$0 host apply -f policy.yaml --dry-run\n$0 host status -o yaml\n$0 host top\n$0 host flush --protocol tcp --state TIME_WAIT "
                + "--dry-run";
        return group;
    }

    private Command HostApply()
    {
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Only show what would change: nothing is written, neither to the kernel nor to the disk.",
        };
        var command = new Command(
            "apply", "Brings this machine's kernel to what the policies say and keeps the plan for the next boot. Needs root.")
        {
            _files, dryRun, _output, _sysctls, _state,
        };
        command.SetAction(
            result => Host.HostApply.Run(Engine(result), result.GetValue(_files)!, result.GetValue(dryRun), result.GetValue(_output)));
        _examples[command] =
            "$0 host apply -f policy.yaml\n$0 host apply -f policy.yaml --dry-run\ncat *.yaml | $0 host apply -f - -o json";
        return command;
    }

    private Command HostStatus()
    {
        var command = new Command("status", "Shows what is planned on this machine, what its kernel holds, and how full the table is.")
        {
            _output,
            _sysctls,
            _state,
        };
        command.SetAction(result => Host.HostStatus.Run(Engine(result), result.GetValue(_output)));
        _examples[command] = "$0 host status\n$0 host status -o json    # a ConntrackNode";
        return command;
    }

    private Command HostWatch()
    {
        var command = new Command(
            "watch",
            "Keeps this machine at the plan until it is interrupted, and prints a line for each change. Leaves the settings when it "
                + "ends. Needs root.")
        {
            _optionalFiles, _sysctls, _state,
        };
        command.SetAction(
            (result, cancel) =>
                Host.HostWatch.RunAsync(Engine(result), result.GetValue(_optionalFiles) ?? [], TimeProvider.System, cancel));
        _examples[command] =
            "$0 host watch -f policy.yaml\n$0 host watch    # in a systemd unit: applies the kept plan at boot, and keeps it";
        return command;
    }

    private Command Status()
    {
        var policy = new Argument<string?>("POLICY")
        {
            Description = "Only this policy, in detail.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => null,
        };
        Suggest(policy, _live.Policies);
        var command = new Command("status", "Shows how the policies and the nodes of the cluster are doing.")
        {
            policy,
            _output,
            _kubeconfig,
            _context,
        };
        command.SetAction((result, cancel) => ClusterStatus.RunAsync(
            ClusterConnection.Open(result.GetValue(_kubeconfig), result.GetValue(_context)), result.GetValue(policy),
            result.GetValue(_output), cancel));
        _examples[command] = "$0 status\n$0 status edge    # why a node is not ready, and what to do";
        return command;
    }

    private Command Plan()
    {
        var command = new Command(
            "plan", "Shows, for each node of the cluster, what would change if the policies were applied. Changes nothing.")
            {
                _files,
                _output,
                _kubeconfig,
                _context,
            };
        command.SetAction((result, cancel) => ClusterPlan.RunAsync(
            () => ClusterConnection.Open(result.GetValue(_kubeconfig), result.GetValue(_context)), result.GetValue(_files)!,
            result.GetValue(_output), cancel));
        _examples[command] =
            "$0 plan -f policy.yaml\n$0 host apply -f policy.yaml --dry-run    # the same for one machine, without a cluster";
        return command;
    }

    private Command Crd()
    {
        var output = new Option<string?>("--output")
        {
            Description = "Write one file a kind into this directory. Left out: to the standard output.",
            HelpName = "DIR",
        };
        var command = new Command("crd", "Writes the CustomResourceDefinitions.") { output };
        command.SetAction(result => CrdCommand.Run(result.GetValue(output), Console.Out));
        _examples[command] = "$0 crd | kubectl apply -f -\n$0 crd --output config/crd";
        return command;
    }

    private Command Version()
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ => Console.WriteLine(EngineVersion.Text));
        _examples[command] = "$0 version";
        return command;
    }

    private EngineOptions Engine(ParseResult result) =>
        new()
        {
            SysctlPath = result.GetValue(_sysctls) ?? SysctlDirectory.DefaultPath,
            StatePath = result.GetValue(_state) ?? StateDirectory.DefaultPath,
        };
}
