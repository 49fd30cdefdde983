using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Enforcement;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From the settings' states to the conditions Applied and Drifted. Pure.</summary>
internal static class AppliedRules
{
    private static readonly SettingState[] _worstFirst =
        [SettingState.Failed, SettingState.ReadOnly, SettingState.Contested, SettingState.Held, SettingState.Pending];

    public static ConditionResult Applied(IReadOnlyList<SettingStatus> settings, bool moduleLoaded, bool planKnown)
    {
        if (!planKnown)
        {
            return new ConditionResult(
                null, ConditionReasons.NoPlan, "there is no plan: none was applied on this machine, and none has come from a controller");
        }

        if (!moduleLoaded)
        {
            return new ConditionResult(false, ConditionReasons.ModuleNotLoaded, Enforcer.ModuleNotLoadedMessage);
        }

        foreach (var state in _worstFirst)
        {
            var first = settings.FirstOrDefault(s => s.State == state);
            if (first is not null)
            {
                var others = settings.Count(s => s.State == state) - 1;
                var more = others == 0 ? string.Empty : $" (and {others} more)";
                var reason = state == SettingState.Pending && first.Desired is null ? ConditionReasons.Restoring : state.ToString();
                return new ConditionResult(false, reason, $"{first.Name}: {first.Message ?? "not set yet"}{more}");
            }
        }

        var planned = settings.Count(s => s.Desired is not null);
        if (planned == 0)
        {
            return new ConditionResult(true, ConditionReasons.NothingPlanned, "no policy sets anything on this node");
        }

        var missing = settings.Where(s => s.State == SettingState.NotSupported).Select(s => s.Name).ToArray();
        if (settings.All(s => s.State is SettingState.Observed or SettingState.NotSupported) && missing.Length < planned)
        {
            var differ = settings.Count(s => s.State == SettingState.Observed && s.Message is not null);
            return new ConditionResult(
                true, ConditionReasons.Observed,
                $"{differ} of {planned} settings differ from the plan; nothing is written, since the policy only observes");
        }

        var note = missing.Length == 0 ? string.Empty : $"; this kernel has no {string.Join(", ", missing)}";
        return new ConditionResult(
            true, ConditionReasons.InSync, $"the kernel holds {planned - missing.Length} of {planned} settings{note}");
    }

    public static ConditionResult Drifted(IReadOnlyList<SettingStatus> settings)
    {
        if (settings.FirstOrDefault(s => s.State == SettingState.Contested) is { } contested)
        {
            return new ConditionResult(true, ConditionReasons.Contested, $"{contested.Name}: {contested.Message}");
        }

        var rewrites = settings.Sum(s => s.Rewrites ?? 0);
        return rewrites == 0
            ? new ConditionResult(false, ConditionReasons.NoDrift, "nothing else has overwritten a setting since the agent started")
            : new ConditionResult(
                false, ConditionReasons.Corrected,
                $"put back {rewrites} times since the agent started: "
                    + $"{string.Join(", ", settings.Where(s => s.Rewrites > 0).Select(s => s.Name))}");
    }
}
