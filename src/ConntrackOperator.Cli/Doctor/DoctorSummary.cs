using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Rules;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor;

/// <summary>What was looked at, in a few lines. Pure.</summary>
internal static class DoctorSummary
{
    public static IReadOnlyList<string> Of(DoctorFacts facts)
    {
        var lines = new List<string> { facts.OneMachine ? Machine(facts) : Cluster(facts) };
        foreach (var proxy in facts.Proxies)
        {
            var version = proxy.Version ?? facts.Nodes.FirstOrDefault(proxy.RunsOn)?.Version;
            lines.Add(
                $"proxy     kube-proxy{(version is { } v ? " " + v : string.Empty)}, "
                    + $"{(proxy.Mode.Length > 0 ? proxy.Mode : "iptables")}; {proxy.Source}");
        }

        if (facts.Proxies.Count == 0 && !facts.OneMachine
            && !facts.Unread.Any(u => u.What.StartsWith("DaemonSets", StringComparison.Ordinal)))
        {
            lines.Add("proxy     no kube-proxy was found");
        }

        lines.AddRange(facts.Plugins.Select(p => $"network   {p.Name}; {p.Source}"));
        if (facts.Operator is { } op)
        {
            lines.Add(!op.Installed ? "operator  not installed"
                : "operator  " + (op.ControllerVersion.Length > 0 ? op.ControllerVersion + ", " : string.Empty)
                + $"{DoctorText.Number(op.AgentsReady)} of {DoctorText.Number(op.AgentsWanted)} agents ready, "
                + op.Leader switch
                {
                    null => "who leads is not known",
                    "" => "no leader",
                    var leader => "led by " + leader,
                }
                + $", {DoctorText.Policies(facts.Policies.Count)}");
        }

        return lines;
    }

    private static string Cluster(DoctorFacts facts)
    {
        var versions = facts.Nodes.Select(n => n.Version).OfType<KubeVersion>().Distinct().Order().ToList();
        var kernels = facts.Nodes.Select(n => KubeVersion.Find(n.Kernel)).OfType<KubeVersion>().Distinct().Order().ToList();
        return $"cluster   {DoctorText.Nodes(facts.Nodes.Count)} with Linux, kubelets {Span(versions)}, kernels {Span(kernels)}";
    }

    private static string Machine(DoctorFacts facts)
    {
        var node = facts.Nodes[0];
        return $"host      {node.Name}, Linux {node.Kernel}, {node.Cores} cores, {Planning.Formatting.ByteSize.Format(node.MemoryBytes)}; "
            + node.Module switch
            {
                ModulePresence.Loaded => Table(node),
                ModulePresence.Missing => "no table",
                _ => "the table's settings can't be seen",
            };
    }

    private static string Table(NodeView node)
    {
        var entries = node.Entries is { } known ? DoctorText.Number(known) : "an unknown number";
        return node.Actual.TryGetValue(SysctlNames.Max, out var limit)
            ? $"{entries} of {(limit > 0 ? DoctorText.Number(limit) : "unlimited")} entries"
            : $"{entries} entries, of a limit that can't be read";
    }

    private static string Span(List<KubeVersion> versions) => versions.Count switch
    {
        0 => "unknown",
        1 => versions[0].ToString(),
        _ => $"{versions[0]} to {versions[^1]}",
    };
}
