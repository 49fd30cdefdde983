using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>What the next start of kube-proxy changes of what policies keep, or of the limit that nodes have: key by key.</summary>
internal sealed class KubeProxyRule : IDoctorRule
{
    public string Name => "kube-proxy";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts) => facts.Proxies.SelectMany(proxy => Judge(facts, proxy));

    private IEnumerable<DoctorFinding> Judge(DoctorFacts facts, ProxyFacts proxy)
    {
        if (proxy.Conntrack is null)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Note,
                What = $"kube-proxy runs and its configuration was not found: {proxy.Source}",
                Why =
                    "at each start it sets nf_conntrack_max, the time-outs of ESTABLISHED and CLOSE_WAIT, and what else its "
                        + "configuration says",
                Do = "look at its command line, and at the file that --config names",
            };
            yield break;
        }

        var changes = facts.Nodes.Where(proxy.RunsOn)
            .SelectMany(
                node => ProxyStart.Writes(proxy, node).Select(write => (Node: node, Write: write, Before: Before(node, write.Sysctl))))
            .Where(c => c.Before is { } before && c.Write.After(before) != before)
            .ToLookup(c => (c.Write.Sysctl, Before: c.Before!.Value, c.Write.Value));
        foreach (var change in changes)
        {
            yield return Finding(facts, proxy, change.Key.Sysctl, change.Key.Before, change.Key.Value, [.. change.Select(c => c.Node)]);
        }

        if (changes.Count == 0 && facts.Policies.Count == 0 && Sets(facts, proxy) is { Length: > 0 } sets)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Note,
                What = $"kube-proxy sets, at each start: {sets}",
                Why = $"so it says in {proxy.Source}; a policy that sets another value would have to put it back after each start",
                Do = "before a policy sets these, tell kube-proxy to leave them alone: this command then says how",
            };
        }
    }

    // A time-out that no policy keeps is kube-proxy's to set. A limit is worth a word in any case: lowered, connections are lost.
    private static long? Before(NodeView node, string sysctl) =>
        node.Wanted(sysctl)?.Value
            ?? (sysctl == SysctlNames.Max && node.Actual.TryGetValue(sysctl, out var actual) ? actual : null);

    private DoctorFinding Finding(
        DoctorFacts facts, ProxyFacts proxy, string sysctl, long before, long after, IReadOnlyList<NodeView> nodes)
    {
        var lowers = sysctl == SysctlNames.Max && (before == 0 || after < before);
        var tooMany = nodes.Count(n => n.Entries > after);
        var (remedy, snippet) = ProxyRemedy.LeaveAlone(proxy, sysctl);
        var version = proxy.Version ?? nodes[0].Version;
        var planned = nodes.Where(n => n.Wanted(sysctl) is not null).Select(n => n.Planned[sysctl].Policy).Distinct()
            .Order(StringComparer.Ordinal).ToList();
        var keeper = planned.Count == 0 ? "nothing puts it back"
            : facts.OneMachine ? $"policy {string.Join(", ", planned)} puts it back while `host watch` runs, and not before"
            : $"the agent puts back what policy {string.Join(", ", planned)} says, and counts a rewrite; until then the other value is "
            + "in force";
        return new DoctorFinding
        {
            Rule = Name,
            Severity = lowers ? DoctorSeverity.Critical : DoctorSeverity.Warning,
            What =
                $"{Where(facts, nodes.Count)}: the next start of kube-proxy "
                    + $"{(sysctl == SysctlNames.Max ? lowers ? "lowers" : "raises" : "sets")} {sysctl} from "
                    + $"{Value(sysctl, before)} to {Value(sysctl, after)}",
            Why = $"{proxy.Source}{Because(proxy, sysctl, after, version)}; {keeper}"
                + (lowers && tooMany > 0
                    ? $"; {Nodes(tooMany)} hold more entries than that already: new connections are dropped there" : string.Empty)
                + (lowers && ProxyStart.MayLeaveHigherLimit(version)
                    ? ". A patch release with kubernetes #142035 leaves a higher limit alone" : string.Empty),
            Do = remedy,
            Snippet = snippet,
            Nodes = facts.OneMachine ? [] : Names(nodes),
        };
    }

    private static string Because(ProxyFacts proxy, string sysctl, long after, KubeVersion? version)
    {
        var at = version is { } v ? $", kube-proxy {v}" : string.Empty;
        return sysctl != SysctlNames.Max ? at
            : after == ProxyStart.Cap && version >= new KubeVersion(1, 36, 0)
            ? $"{at}: conntrack.maxPerCore {Number(proxy.Conntrack!.MaxPerCore)} for each core, from 1.36 on at most "
            + $"{Number(ProxyStart.Cap)}"
            : after == proxy.Conntrack!.Min
            ? $"{at}: conntrack.min {Number(after)}, since maxPerCore {Number(proxy.Conntrack.MaxPerCore)} gives less"
            : $"{at}: conntrack.maxPerCore {Number(proxy.Conntrack.MaxPerCore)} for each core";
    }

    private static string Sets(DoctorFacts facts, ProxyFacts proxy) => string.Join(", ", facts.Nodes.Where(proxy.RunsOn)
        .SelectMany(node => ProxyStart.Writes(proxy, node))
        .Select(w => (w.Sysctl, w.Value)).Distinct()
        .GroupBy(w => w.Sysctl)
        .Select(
            g => g.Count() == 1
                ? $"{g.Key} {Value(g.Key, g.First().Value)}"
                : $"{g.Key} {Value(g.Key, g.Min(w => w.Value))} to {Value(g.Key, g.Max(w => w.Value))} by cores"));
}
