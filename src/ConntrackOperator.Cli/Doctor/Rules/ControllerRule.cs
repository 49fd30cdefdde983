using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Whether a controller runs and one of them leads.</summary>
internal sealed class ControllerRule : IDoctorRule
{
    // Clocks of two machines differ; a lease that is so much older is nobody's.
    private const int MostClockDifferenceSeconds = 60;

    public string Name => "controller";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        if (facts.Operator is not { } op)
        {
            yield break;
        }

        if (!op.Installed)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Note,
                What = "the operator is not installed",
                Why = "what the kernels of the nodes hold is not known here, only what is configured",
            };
            yield break;
        }

        if (op.ControllerSought && op.ControllersReady == 0)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Critical,
                What = op.Controller is null
                    ? "the CustomResourceDefinitions are there, and no Deployment of a controller"
                    : $"no pod of the controller {op.Controller} is ready",
                Why =
                    $"the cluster has {DoctorText.Policies(facts.Policies.Count)}; "
                        + (op.Controller is null ? "unless a controller runs outside of a Deployment, " : string.Empty)
                        + "edits reach no node, a policy that is deleted does not go away. Agents go on with the plans they have",
                Do = op.Controller is null ? "install it, or delete the CustomResourceDefinitions" : "look why its pods do not get ready",
                Snippet = op.Controller?.Split('/') is [var ns, var name]
                    ? $"kubectl -n {ns} describe deployment {name}\nkubectl -n {ns} logs deployment/{name}\n"
                    : "kubectl create namespace conntrack-system\n"
                    + "kubectl label namespace conntrack-system pod-security.kubernetes.io/enforce=privileged\n"
                    + "helm install conntrack-operator charts/conntrack-operator --namespace conntrack-system "
                    + "--set image.registry=YOURS\n",
            };
            yield break;
        }

        var age = op.LeaseRenewed is { } renewed ? facts.Now - renewed : TimeSpan.Zero;
        if (op.Leader is { Length: 0 }
            || (op.Leader is not null && age > TimeSpan.FromSeconds(op.LeaseSeconds + MostClockDifferenceSeconds)))
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Critical,
                What = op.Leader.Length == 0 ? "no controller leads: nobody holds the lease"
                    : $"no controller leads: {op.Leader} renewed the lease {age.TotalSeconds:0} s ago, and it holds for "
                    + $"{op.LeaseSeconds} s",
                Why = "only the one that leads plans for nodes and counts for policies",
                Do = "look at the log of the controller's pods, for what the API server answers about the lease",
                Snippet = op.Controller?.Split('/') is [var ns, var name]
                    ? $"kubectl -n {ns} get lease {name} -o yaml\nkubectl -n {ns} logs deployment/{name}\n" : null,
            };
        }
    }
}
