using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Host;

/// <summary>This machine as the cluster would show it.</summary>
internal static class HostNode
{
    /// <summary>The machine as a ConntrackNode.</summary>
    public static ConntrackNode From(NodeEngine engine) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = ConntrackNode.KindName,
        Metadata = new ObjectMeta { Name = engine.Facts.HostName },
        Spec = engine.Plan?.Spec ?? new NodeSpec { Settings = [] },
        Status = engine.Status(engine.Observe(), null),
    };

    /// <summary>0 or 3.</summary>
    /// <param name="node">The machine.</param>
    /// <param name="dryRun">What is still to be set counts as fine, as long as it can be.</param>
    public static int ExitCodeOf(ConntrackNode node, bool dryRun = false)
    {
        var module = Condition.Find(node.Status?.Conditions, ConditionTypes.Applied)?.Reason != ConditionReasons.ModuleNotLoaded;
        var missing = node.Status?.Settings?.Any(
            s => s.State is SettingState.ReadOnly or SettingState.Failed or SettingState.Contested or SettingState.Held
            || (s.State == SettingState.Pending && !(dryRun && module))) == true;
        return missing || node.Spec?.Refused is { Count: > 0 } ? ExitCode.NotApplied : ExitCode.InSync;
    }
}
