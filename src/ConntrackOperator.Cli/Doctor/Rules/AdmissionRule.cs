using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Whether agents are kept to their own nodes, and who else decides over this operator's objects.</summary>
internal sealed class AdmissionRule : IDoctorRule
{
    public string Name => "admission";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        if (facts.Operator is not { Installed: true } op)
        {
            yield break;
        }

        if (op.AgentsLimited == false && op.Controller is not null)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = "no admission policy keeps agents to their own nodes",
                Why = "all agents share one account, so whoever takes over one node can write what every other node reports",
                Do = "agent.admissionPolicy=true in the chart's values, which is the default; it needs Kubernetes 1.30",
                Snippet =
                    "helm upgrade conntrack-operator charts/conntrack-operator --namespace conntrack-system --reset-then-reuse-values "
                        + "--set agent.admissionPolicy=true\n",
            };
        }

        foreach (var webhook in op.Webhooks)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Note,
                What = $"{webhook} decides over this operator's objects",
                Why = "its failurePolicy is Fail: while it does not answer, plans, reports and statuses are refused",
            };
        }
    }
}
