using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Restores;

/// <summary>Why a node has not put its settings back yet, from its object alone. Pure.</summary>
internal static class RestoreWaitReason
{
    private const int TextLength = 200;

    /// <summary>In a few words, for people.</summary>
    public static string Of(ConntrackNode node)
    {
        if (node.Status is not { } status)
        {
            return "no agent has ever reported";
        }

        // What does not go back says so; what has not been tried yet is no reason.
        if (status.Settings?.Find(
            s => s.State is SettingState.Held or SettingState.Failed or SettingState.ReadOnly or SettingState.Contested
                && !IsPlanned(node, s)) is { } setting)
        {
            return BoundedText.Of($"{setting.Name} is {setting.State}: {setting.Message}", TextLength);
        }

        if (status.ObservedGeneration is not { } observed || observed < node.Metadata?.Generation)
        {
            return "its agent has not reported on the last change yet";
        }

        return status.Settings is { Count: > 0 } left
            ? $"{left.Count} settings are in force still"
            : "it has put everything back, and its object is about to be deleted";
    }

    private static bool IsPlanned(ConntrackNode node, SettingStatus setting) =>
        node.Spec?.Settings?.Exists(s => s.Name == setting.Name) ?? false;
}
