using ConntrackOperator.Cli.Doctor.Facts;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Nodes whose kernel tracks nothing, or of which nobody knows whether it does.</summary>
internal sealed class ModuleRule : IDoctorRule
{
    public string Name => "module";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        var missing = facts.Nodes.Where(n => n.Module == ModulePresence.Missing).ToList();
        if (missing.Count > 0)
        {
            var planned = missing.Exists(n => n.Planned.Count > 0);
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = planned || !facts.OneMachine ? DoctorSeverity.Warning : DoctorSeverity.Note,
                What = $"{Where(facts, missing.Count)}: the kernel's module nf_conntrack is not loaded",
                Why = "nothing is tracked there, so no rule of iptables or nftables that needs it is loaded"
                    + (planned ? ", and no setting can be made before it is" : string.Empty)
                    + "; kube-proxy and most network plug-ins load it when they start",
                Do = facts.OneMachine
                    ? "load it, now and at each boot"
                    : "load it on the node, now and at each boot; or let the agents do it: agent.loadModule=true in the chart's values",
                Snippet = "modprobe nf_conntrack\necho nf_conntrack >/etc/modules-load.d/conntrack.conf\n",
                Nodes = facts.OneMachine ? [] : Names(missing),
            };
        }

        if (facts.OneMachine && facts.Nodes.Any(n => n.Module == ModulePresence.Unknown))
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = "this machine: the table's settings can't be seen",
                Why = "nf_conntrack is in this kernel, but its sysctls are not to be seen from here, as in a container: no rule that "
                    + "looks at them was asked",
                Do = "run it on the host itself, or mount the host's /proc/sys/net/netfilter and name it with --sysctl-dir",
            };
        }

        // An agent that has reported, and could not say.
        var unknown = facts.Nodes.Where(n => n is { Module: ModulePresence.Unknown, ReportedAt: not null }).ToList();
        if (unknown.Count > 0)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = $"{Nodes(unknown.Count)}: the agent has reported, and could not see a table",
                Why = "the sysctls of connection tracking can't be read in its pod",
                Do = "look at the agent's log there; its pod must have the host's network and /proc/sys/net/netfilter of the host",
                Nodes = Names(unknown),
            };
        }
    }
}
