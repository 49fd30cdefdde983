using System.Globalization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Planning.Advice;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Tells on the Node, where people look, what its agent's reports say is new. Agents may not write events: one report, one writer.</summary>
internal sealed class NodeEvents(EventRecorder events)
{
    /// <summary>How much of what a node says an event holds, in characters.</summary>
    private const int NoteLength = 512;

    public void Compare(NodeObject node, NodeStatus? before, NodeStatus? after)
    {
        if (after is null)
        {
            return;
        }

        var reference = ObjectReference.To(node, "Node", "v1");
        foreach (var news in News(before, after))
        {
            events.Record(reference, news.Warning ? EventType.Warning : EventType.Normal, news.Reason, news.Action, BoundedText.Of(news.Note, NoteLength), news.Key);
        }
    }

    /// <summary>What is worth an event. Pure.</summary>
    internal static IEnumerable<(bool Warning, string Reason, string Action, string Note, string Key)> News(NodeStatus? before, NodeStatus after)
    {
        var usage = after.Table?.NoLimit == true
            ? Text($"{after.Table.Entries} conntrack entries in use, no limit")
            : Text($"{after.Table?.Entries} of {after.Table?.Limit} conntrack entries in use ({after.Table?.Percent}%)");
        if (after.Table?.Percent >= 100)
        {
            if (before?.Table?.Percent is null or < 100)
            {
                yield return (true, "TableFull", "Observe", usage, "TableFull");
            }
        }
        else if (Pressure(after) > Pressure(before))
        {
            // On the way down the level it comes to is no news.
            yield return (true, "TableNearFull", "Observe", usage, "TableNearFull" + Text($"{Pressure(after)}"));
        }

        if (after.Rates?.TableFullDropsPerMinute is > 0 and var drops && before?.Rates?.TableFullDropsPerMinute is null or 0)
        {
            yield return (true, "PacketsDropped", "Observe", $"{PacketLoss.TableFull(drops)}; {usage}", "PacketsDropped");
        }

        if (after.Rates?.RacesLostPerMinute is >= PacketLoss.RacesThatCount and var lost && before?.Rates?.RacesLostPerMinute is null or < PacketLoss.RacesThatCount)
        {
            yield return (true, "RacesLost", "Observe", PacketLoss.Races(lost), "RacesLost");
        }

        if (before?.Table?.Buckets is { } old && after.Table?.Buckets is { } now && old != now)
        {
            yield return (false, "Resized", "Resize", Text($"the conntrack hash table went from {old} to {now} buckets"), "Resized");
        }

        foreach (var setting in after.Settings ?? [])
        {
            var known = before?.Settings?.Find(s => s.Name == setting.Name);
            if (setting.Rewrites > (known?.Rewrites ?? 0) && before is not null)
            {
                yield return (true, "DriftCorrected", "Restore",
                    $"something else overwrote {setting.Name}; it was put back to {setting.Desired?.ToString(CultureInfo.InvariantCulture)}", "DriftCorrected" + setting.Name);
            }

            if (setting.State == known?.State)
            {
                continue;
            }

            if (setting.State == SettingState.Contested)
            {
                yield return (true, "SettingContested", "Restore", $"{setting.Name}: {setting.Message}", "SettingContested" + setting.Name);
            }
            else if (setting.State is SettingState.Failed or SettingState.ReadOnly)
            {
                yield return (true, "SettingFailed", "Apply", $"{setting.Name}: {setting.Message}", "SettingFailed" + setting.Name);
            }
        }
    }

    private static int Pressure(NodeStatus? status) => status?.Conditions?.Find(c => c.Type == ConditionTypes.Pressure)?.Reason switch
    {
        "Critical" => 2,
        "Warning" => 1,
        _ => 0,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
