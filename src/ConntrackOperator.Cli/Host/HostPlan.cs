using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cli.Host;

/// <summary>The plan of this machine, by the function that plans the nodes of a cluster.</summary>
internal static class HostPlan
{
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
