using ConntrackOperator.Cli.Doctor.Facts;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Others that write what a policy keeps, or what kube-proxy sets to something else.</summary>
internal sealed class OtherWriterRule : IDoctorRule
{
    public string Name => "other-writers";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        foreach (var writer in facts.Writers)
        {
            var nodes = facts.Nodes.Where(writer.Reaches).ToList();
            var against = nodes.Where(
                n => n.Wanted(writer.Sysctl) is { } wanted && wanted.Value != writer.Value
                    && !(wanted.AtLeast == true && writer.Value > wanted.Value)).ToList();
            if (against.Count > 0)
            {
                yield return Contest(facts, writer, against);
            }
            else if (writer.Value is { } value && ProxyAgainst(facts, nodes, writer.Sysctl, value) is { } proxy)
            {
                yield return new DoctorFinding
                {
                    Rule = Name,
                    Severity = DoctorSeverity.Warning,
                    What =
                        $"{Where(facts, nodes.Count)}: {writer.Who} sets {writer.Sysctl} to {Value(writer.Sysctl, value)}, kube-proxy to "
                            + $"{Value(writer.Sysctl, proxy.Value)}",
                    Why = $"what holds is what started last; kube-proxy's value comes from {proxy.Proxy.Source}",
                    Do = ProxyRemedy.LeaveAlone(proxy.Proxy, writer.Sysctl).Do,
                    Snippet = ProxyRemedy.LeaveAlone(proxy.Proxy, writer.Sysctl).Snippet,
                    Nodes = facts.OneMachine ? [] : Names(nodes),
                };
            }
            else if (!nodes.Exists(n => n.Wanted(writer.Sysctl) is not null))
            {
                yield return new DoctorFinding
                {
                    Rule = Name,
                    Severity = DoctorSeverity.Note,
                    What =
                        $"{writer.Who} sets "
                            + $"{writer.Sysctl}{(writer.Value is { } sets ? " to " + Value(writer.Sysctl, sets) : string.Empty)}",
                    Why =
                        "no policy sets it, so nothing is wrong; a policy that does must agree with it, or the two will overwrite each "
                            + "other",
                };
            }
        }
    }

    private DoctorFinding Contest(DoctorFacts facts, SysctlWriter writer, List<NodeView> against)
    {
        var wanted = against.Select(n => n.Wanted(writer.Sysctl)!).ToList();
        var values = wanted.Select(w => w.Value!.Value).Distinct().Order().Select(v => Value(writer.Sysctl, v));
        return new DoctorFinding
        {
            Rule = Name,
            Severity = DoctorSeverity.Warning,
            What =
                $"{Where(facts, against.Count)}: {writer.Who} sets "
                    + $"{writer.Sysctl}{(writer.Value is { } value ? " to " + Value(writer.Sysctl, value) : string.Empty)}, "
                + $"policy {string.Join(", ", wanted.Select(w => w.Policy).Distinct().Order(StringComparer.Ordinal))} to "
                + $"{string.Join(" or ", values)}",
            Why = "two that write one setting overwrite each other: after five times in ten minutes the agent gives way and says Contested",
            Do = writer.Remedy,
            Nodes = facts.OneMachine ? [] : Names(against),
        };
    }

    private static (ProxyFacts Proxy, long Value)? ProxyAgainst(DoctorFacts facts, List<NodeView> nodes, string sysctl, long value)
    {
        foreach (var node in nodes)
        {
            foreach (var proxy in facts.Proxies.Where(p => p.RunsOn(node)))
            {
                var write = ProxyStart.Writes(proxy, node).FirstOrDefault(w => w.Sysctl == sysctl);
                if (write.Value > 0 && write.After(value) != value)
                {
                    return (proxy, write.Value);
                }
            }
        }

        return null;
    }
}
