using ConntrackOperator.Cli.Doctor.Facts;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Agents that are not ready, or that have been silent.</summary>
internal sealed class AgentRule : IDoctorRule
{
    // A report comes every ten minutes at the latest (agent.heartbeatMax), which a value of the chart can double.
    private static readonly TimeSpan _silent = TimeSpan.FromMinutes(25);

    public string Name => "agents";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        if (facts.Operator is not { Installed: true } op)
        {
            yield break;
        }

        if (op.AgentsReady < op.AgentsWanted)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = $"{Number(op.AgentsWanted - op.AgentsReady)} of {Number(op.AgentsWanted)} agents are not ready",
                Why = "where no agent runs, settings stay as they are, and nobody says what the table does",
                Do =
                    "look why their pods do not get ready: pod security of the namespace (privileged), an image that can't be pulled, a "
                        + "node that is not ready",
                Snippet = op.Agents?.Split('/') is [var ns, var name]
                    ? $"kubectl -n {ns} get pods -l app.kubernetes.io/component=agent -o wide\nkubectl -n {ns} describe daemonset {name}\n"
                    : null,
            };
        }

        // A node that is not ready is somebody else's trouble; its agent can't report.
        var silent = facts.Nodes.Where(n => n is { Selected: true, Ready: true } && !(facts.Now - n.ReportedAt < _silent)).ToList();
        if (silent.Count > 0)
        {
            var never = silent.Count(n => n.ReportedAt is null);
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = $"{Nodes(silent.Count)}: the agent "
                    + (never == silent.Count ? "has never reported"
                        : "has not reported for 25 minutes" + (never == 0 ? string.Empty : ", or never")),
                Why = "a policy selects it, and it is not said to be down; whether its kernel holds what is planned is not known",
                Do = "look at the agent's pod on that node",
                Snippet = op.Agents?.Split('/') is [var space, _]
                    ? $"kubectl -n {space} get pods -l app.kubernetes.io/component=agent --field-selector "
                    + $"spec.nodeName={Names(silent)[0]}\n" : null,
                Nodes = Names(silent),
            };
        }
    }
}
