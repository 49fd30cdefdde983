using System.CommandLine;
using ConntrackOperator.Cli.Cluster;
using ConntrackOperator.Cli.Doctor;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Doctor.Rules;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The commands that look at a cluster, or a machine, as a whole.</summary>
internal sealed partial class CommandTree
{
    private readonly Option<string[]> _ignore = new("--ignore")
    {
        Description = "A rule that is not asked, by the name in brackets at the end of what it finds; may be given several times.",
        HelpName = "RULE",
        CustomParser = argument =>
        {
            foreach (var name in argument.Tokens.Select(t => t.Value).Where(name => !DoctorRules.Names.Contains(name)))
            {
                argument.AddError($"--ignore: Invalid value: \"{name}\": must be one of {string.Join(", ", DoctorRules.Names)}");
            }

            return [.. argument.Tokens.Select(t => t.Value)];
        },
    };

    private readonly Option<string[]> _judgedFiles = new("--filename", "-f")
    {
        Description =
            "Policies to be looked at as if they were applied: a file, YAML or JSON; - for the standard input. May be given several times.",
        HelpName = "FILE",
    };

    private Command Doctor()
    {
        var command = new Command(
            "doctor",
            "Says what is wrong with connection tracking in the cluster, why, and what to do: before installing and after. Changes "
                + "nothing. Ends with 3 when something is wrong, 0 when not; rights that it lacks are named.")
        {
            _judgedFiles, _ignore, _output, _kubeconfig, _context,
        };
        command.SetAction((result, cancel) => ClusterDoctor.RunAsync(
            () => new ApiObjects(ClusterConnection.Connect(result.GetValue(_kubeconfig), result.GetValue(_context))),
            result.GetValue(_judgedFiles) ?? [], result.GetValue(_ignore) ?? [], result.GetValue(_output), TimeProvider.System, cancel));
        _examples[command] =
            "$0 doctor\n$0 doctor -f policy.yaml    # what would be wrong with it\n$0 doctor -o json | jq '.findings[] | "
                + "select(.severity != \"Note\")'\n$0 doctor --ignore cloud-idle";
        return command;
    }

    private Command HostDoctor()
    {
        var command = new Command(
            "doctor",
            "Says what is wrong with connection tracking on this machine, why, and what to do: kube-proxy, files of sysctls, ufw and "
                + "tuned against the plan and the kernel. Changes nothing. Ends with 3 when something is wrong, 0 when not.")
        {
            _ignore, _output, _sysctls, _state,
        };
        command.SetAction(result => Cli.Doctor.HostDoctor.Run(Engine(result), result.GetValue(_ignore) ?? [], result.GetValue(_output)));
        _examples[command] = "$0 host doctor\n$0 host doctor -o json";
        return command;
    }
}
