using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>
/// Tables with few buckets for what they may hold: each look-up walks a long chain, and the kernel refuses entries whose chain is too long.
/// </summary>
internal sealed class HashChainRule : IDoctorRule
{
    // kube-proxy leaves four entries a bucket, the kernel's own ratio is one (nf_conntrack_core.c since 5.15).
    private const long MostEntriesPerBucket = 4;

    public string Name => "hash-chains";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        var refused = facts.Nodes.Where(n => n.ChainTooLong > 0).ToList();
        if (refused.Count > 0)
        {
            yield return Finding(
                facts, refused, DoctorSeverity.Critical,
                $"the kernel refuses entries because a hash chain is too long ({Number(refused.Sum(n => n.ChainTooLong))} "
                    + $"{(facts.OneMachine ? "since boot" : "a minute")})",
                "such a packet is lost although the table has room");
        }

        foreach (var group in facts.Nodes.Where(n => n.ChainTooLong == 0 && IsLong(n))
            .GroupBy(n => (Limit: n.Actual[SysctlNames.Max], Buckets: n.Actual[SysctlNames.Buckets])))
        {
            yield return Finding(
                facts, [.. group], DoctorSeverity.Warning,
                group.Key.Limit == 0
                    ? $"without a limit any number of entries may share {Number(group.Key.Buckets)} buckets of the hash table; "
                    + $"{Number(group.Max(n => n.Entries ?? 0))} do"
                    : $"{Number(group.Key.Limit)} entries may share {Number(group.Key.Buckets)} buckets of the hash table, "
                    + $"{group.Key.Limit / group.Key.Buckets} in each",
                "the fuller the table, the longer each look-up of each packet; the kernel's own ratio is one entry a bucket");
        }
    }

    private static bool IsLong(NodeView node) =>
        node.Actual.GetValueOrDefault(SysctlNames.Buckets) is > 0 and var buckets
            && node.Actual.ContainsKey(SysctlNames.Max) && May(node) > buckets * MostEntriesPerBucket;

    private DoctorFinding Finding(DoctorFacts facts, List<NodeView> nodes, DoctorSeverity severity, string what, string why)
    {
        var wanted = nodes.Where(n => May(n) > n.Value(SysctlNames.Buckets)).Select(May).DefaultIfEmpty(0).Max();
        return new DoctorFinding
        {
            Rule = Name,
            Severity = severity,
            What = $"{Where(facts, nodes.Count)}: {what}",
            Why = why,
            Do = wanted > 0
                ? "in the policy leave table.buckets out, so that buckets follow the size, or set them. Each entry is hashed again once, "
                + "which takes about 0.5 µs an entry with all locks held"
                : "as far as is known there is a bucket for each entry of this network namespace, and more do not help it. A count since "
                + "boot may be of before there were so many: look whether it still grows. All namespaces of a machine share the buckets: "
                + "`advise` counts the entries of the others",
            Snippet = wanted > 0
                ? $"table: {{buckets: {Math.Clamp(wanted, TableSpec.MinimumEntries, TableSpec.MaximumEntries)}}}\n" : null,
            Nodes = facts.OneMachine ? [] : Names(nodes),
        };
    }

    /// <summary>How many entries the table may hold; where nothing limits it, how many it holds.</summary>
    private static long May(NodeView node) => node.Value(SysctlNames.Max) is > 0 and var limit ? limit : node.Entries ?? 0;
}
