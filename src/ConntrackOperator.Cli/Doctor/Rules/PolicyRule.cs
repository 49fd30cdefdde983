using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Planning.Validation;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Policies that do not hold everywhere, that contradict each other, or that are not valid.</summary>
internal sealed class PolicyRule : IDoctorRule
{
    public string Name => "policies";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        foreach (var policy in facts.Policies)
        {
            var name = policy.Metadata?.Name ?? "-";
            if (PolicyValidator.Validate(policy) is { Count: > 0 } errors)
            {
                yield return Finding(
                    DoctorSeverity.Warning, $"policy {name} is not valid: {errors[0]}", "it contributes nothing to any plan", "correct it",
                    null);
            }

            if (Condition(policy, PolicyConditionTypes.Conflict) is { Status: "True" } conflict)
            {
                yield return Finding(
                    DoctorSeverity.Warning, $"policy {name} contradicts another: {conflict.Message}",
                    "both have the same priority, and the older one wins",
                    "give one of them a higher priority", "spec: {priority: 10}\n");
            }

            if (facts.Operator?.Installed == true && policy.Metadata?.DeletionTimestamp is null
                && Condition(policy, PolicyConditionTypes.Ready) is { Status: "False" } ready
                && ready.Reason
                is not (PolicyConditionReasons.RollingOut or PolicyConditionReasons.Updating or PolicyConditionReasons.Planning))
            {
                yield return Finding(
                    DoctorSeverity.Warning, $"policy {name} does not hold everywhere: {ready.Reason}: {ready.Message}",
                    "so its status says",
                    "the nodes, the settings and what to do", $"kubectl conntrack status {name}\n");
            }
        }

        foreach (var group in facts.Nodes.SelectMany(
            n => n.Settings.Where(s => s.State == SettingState.Contested).Select(s => (Node: n, Setting: s))).GroupBy(c => c.Setting.Name))
        {
            yield return Finding(
                DoctorSeverity.Warning, $"{Where(facts, group.Count())}: something keeps writing {group.Key} to another value",
                group.First().Setting.Message ?? "the agent has given way",
                "find who, and change it there: docs/runbooks/ConntrackSettingContested.md", null) with
            {
                Nodes = facts.OneMachine ? [] : Names(group.Select(c => c.Node)),
            };
        }
    }

    private static Condition? Condition(ConntrackPolicy policy, string type) => Api.Meta.Condition.Find(policy.Status?.Conditions, type);

    private DoctorFinding Finding(DoctorSeverity severity, string what, string why, string remedy, string? snippet) =>
        new() { Rule = Name, Severity = severity, What = what, Why = why, Do = remedy, Snippet = snippet };
}
