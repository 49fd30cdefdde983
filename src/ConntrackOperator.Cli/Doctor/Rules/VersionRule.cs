using ConntrackOperator.Cli.Doctor.Facts;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Controller, agents, CustomResourceDefinitions and this program, when they are of different versions.</summary>
internal sealed class VersionRule : IDoctorRule
{
    private const int MostFields = 5;

    public string Name => "versions";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        if (facts.Operator is not { Installed: true } op)
        {
            yield break;
        }

        var controller = op.ControllerVersion;
        if (controller.Length > 0)
        {
            foreach (var group in facts.Nodes.Where(n => n.AgentVersion.Length > 0 && n.AgentVersion != controller)
                .GroupBy(n => n.AgentVersion))
            {
                yield return new DoctorFinding
                {
                    Rule = Name,
                    Severity = DoctorSeverity.Warning,
                    What = $"{Nodes(group.Count())}: the agent is {group.Key}, the controller {controller}",
                    Why = "an upgrade replaces agents a few at a time: either it is on its way, or it has come to a halt",
                    Do = "see whether the rollout goes on",
                    Snippet = op.Agents?.Split('/') is [var ns, var name] ? $"kubectl -n {ns} rollout status daemonset {name}\n" : null,
                    Nodes = Names(group),
                };
            }

            if (facts.ProgramVersion.Length > 0 && facts.ProgramVersion != controller)
            {
                yield return new DoctorFinding
                {
                    Rule = Name,
                    Severity = DoctorSeverity.Note,
                    What = $"this program is {facts.ProgramVersion}, the controller {controller}",
                    Why = "what it plans and explains can differ from what the controller does",
                };
            }
        }

        if (op.MissingFields.Count > 0)
        {
            var same = controller == facts.ProgramVersion;
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = same ? DoctorSeverity.Warning : DoctorSeverity.Note,
                What =
                    $"the cluster's CustomResourceDefinitions lack {Number(op.MissingFields.Count)} "
                        + $"field{(op.MissingFields.Count == 1 ? string.Empty : "s")} that this program knows: "
                    + string.Join(", ", op.MissingFields.Take(MostFields)) + (op.MissingFields.Count > MostFields ? ", …" : string.Empty),
                Why = same
                    ? "they are older than the controller: what it writes there is dropped in silence, and policies that use it are "
                    + "refused" : "they are older than this program",
                Do = "bring them up to date: helm upgrade does, unless crds.install is false",
                Snippet = same ? "kubectl-conntrack crd | kubectl apply --server-side -f -\n" : null,
            };
        }
    }
}
