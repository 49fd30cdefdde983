using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cli.Host;

/// <summary>The plan of this machine, by the function that plans the nodes of a cluster.</summary>
internal static class HostPlan
{
    /// <summary>Reads the files.</summary>
    /// <exception cref="CliException">Something in them is wrong: every error is printed.</exception>
    public static List<ConntrackPolicy> ReadPolicies(IReadOnlyList<string> files)
    {
        var results = files.Select(file => PolicyFile.Read(file, Console.In)).ToList();
        var errors = results.SelectMany(result => result.Errors).Select(error => error.ToString()).ToList();
        var policies = results.SelectMany(result => result.Policies).ToList();

        // Within one file the reader says so, with the line.
        errors.AddRange(policies.GroupBy(p => p.Metadata?.Name, StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => $"metadata.name: Invalid value: \"{group.Key}\": more than one of the files has a policy of this name"));
        return errors.Count == 0
            ? policies
            : throw new CliException(ExitCode.BadInput, string.Join(Environment.NewLine + "error: ", errors));
    }

    /// <summary>Plans this machine. Node selectors are ignored, and a line says so where one would not have selected it.</summary>
    public static NodePlan Make(HostFacts facts, IReadOnlyList<ConntrackPolicy> policies)
    {
        var node = new NodeFacts(
            facts.HostName,
            new Dictionary<string, string> { ["kubernetes.io/hostname"] = facts.HostName, [LabelSelectors.OperatingSystemLabel] = "linux" },
            facts.Cores,
            facts.MemoryBytes);
        foreach (var policy in policies.Where(p => !LabelSelectors.Matches(p.Spec?.NodeSelector, node.Labels)))
        {
            Console.Error.WriteLine(
                $"note: the nodeSelector of policy {policy.Metadata?.Name} does not match this host; on one host it is ignored");
        }

        foreach (var policy in policies.Where(p => p.Spec?.Pressure?.NodeCondition is true))
        {
            Console.Error.WriteLine(
                $"note: policy {policy.Metadata?.Name}: pressure.nodeCondition is for a cluster's Nodes; on one host it is ignored");
        }

        return NodePlanner.Plan(node, [.. policies.Select(p => p with { Spec = p.Spec! with { NodeSelector = null } })]);
    }
}
