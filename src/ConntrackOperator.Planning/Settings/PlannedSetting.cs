using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Settings;

/// <summary>A setting of a plan, made from the policy that it comes from.</summary>
internal static class PlannedSetting
{
    /// <summary>A setting with the mode and removal of its policy.</summary>
    internal static NodeSetting From(
        string sysctl, long value, ConntrackPolicy policy, string field, string? rule = null, bool? atLeast = null) => new()
        {
            Name = sysctl,
            Value = value,
            Policy = policy.Metadata?.Name ?? string.Empty,
            Field = field,
            Rule = rule,
            Mode = policy.Spec?.Mode ?? PolicyMode.Enforce,
            OnRemoval = policy.Spec?.OnDelete ?? RemovalPolicy.Restore,
            AtLeast = atLeast,
        };
}
