using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Formatting;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Machines of the same size, with the same plan, whose limits differ all the same.</summary>
internal sealed class NodePoolRule : IDoctorRule
{
    // The kubelet's capacity of two machines of one kind differs by some megabytes.
    private const int MemoryStep = 1 << 28;

    public string Name => "node-pools";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        var alike = facts.Nodes
            .Where(n => n.Actual.ContainsKey(SysctlNames.Max) && !IsExplained(n))
            .GroupBy(n => (n.Cores, Memory: (n.MemoryBytes + (MemoryStep / 2)) / MemoryStep, Plan: n.Wanted(SysctlNames.Max)?.Value));
        foreach (var group in alike)
        {
            var limits = group.GroupBy(n => n.Actual[SysctlNames.Max]).OrderByDescending(g => g.Count()).ThenByDescending(g => g.Key)
                .ToList();
            if (limits.Count < 2)
            {
                continue;
            }

            var most = limits[0].Key;
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What =
                    $"machines of the same size ({group.Key.Cores} cores, {ByteSize.Format(group.First().MemoryBytes)}) have different "
                        + "limits: "
                    + string.Join("; ", limits.Select(l => $"{Nodes(l.Count())} {Limit(l.Key)}{Pools(l)}")),
                Why = group.Key.Plan is null
                    ? "no policy says what nf_conntrack_max shall be there, so it is whatever set it last: an image, a script, kube-proxy"
                    : $"the same {Number(group.Key.Plan.Value)} is planned for all of them",
                Do = "let one policy say it for all, or say for which pool it shall differ",
                Snippet = group.Key.Plan is null && most > 0 ? Policy(most) : null,
                Nodes = Names(limits.Skip(1).SelectMany(l => l)),
            };
        }
    }

    // The agent says of these why they are not there yet, and the policy's status counts them.
    private static bool IsExplained(NodeView node) => node.Settings.Any(s => s.Name == SysctlNames.Max && s.Message is not null);

    private static string Limit(long limit) => limit == 0 ? "none" : Number(limit);

    private static string Pools(IEnumerable<NodeView> nodes) =>
        nodes.Select(n => n.Pool).Where(p => p.Length > 0).Distinct().Order(StringComparer.Ordinal).ToList() is { Count: > 0 } pools
            ? $" (pool {string.Join(", ", pools)})" : string.Empty;

    private static string Policy(long entries) => $$$"""
        apiVersion: conntrack.dev/v1alpha1
        kind: ConntrackPolicy
        metadata: {name: default}
        spec:
          table:
            size: {entries: {{{entries}}}}

        """;
}
