using System.Globalization;
using System.Threading.Channels;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.Planning.Advice.Remedies;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>
/// Tells on the Node, where people look, what its agent's reports say is new. Agents may not write events: one report, one writer.
/// Events of a table that fills say who has the most entries; who that is, is asked of the API server beside, once an event. Named are
/// pods of that node alone: addresses are its word, and it must not have others' pods accused, or learn their names.
/// </summary>
/// <param name="events">Writes them.</param>
/// <param name="owners">Who has an address; null: addresses are left as they are.</param>
/// <param name="log">Told why addresses have no names; null: nobody is.</param>
internal sealed class NodeEvents(EventRecorder events, AddressOwners? owners = null, ILogger? log = null)
{
    /// <summary>Events that may wait to be named; more have addresses alone.</summary>
    private const int QueueLimit = 256;

    /// <summary>How much of what a node says an event holds, in characters.</summary>
    private const int NoteLength = 512;

    private readonly Channel<(ObjectReference Node, NodeNews News, IReadOnlyList<TopSource> Sources)> _unnamed =
        Channel.CreateBounded<(ObjectReference, NodeNews, IReadOnlyList<TopSource>)>(
            new BoundedChannelOptions(QueueLimit) { SingleReader = true });

    public void Compare(NodeObject node, NodeStatus? before, NodeStatus? after)
    {
        if (after is null)
        {
            return;
        }

        var reference = ObjectReference.To(node, "Node", "v1");
        var sources = NamedSources.Of(after);
        foreach (var news in News(before, after))
        {
            if (!news.TellsSources || sources.Count == 0)
            {
                Record(reference, news, null);
            }
            else if (owners is null || !_unnamed.Writer.TryWrite((reference, news, sources)))
            {
                Record(reference, news, NamedSources.Text(sources, _ => null));
            }
        }
    }

    /// <summary>Names and records what waits for that, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? problem = null;
        try
        {
            while (await _unnamed.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_unnamed.Reader.TryPeek(out var waiting))
                {
                    var node = waiting.Node.Name;
                    await owners!.LearnAsync(waiting.Sources.Select(s => s.Address), NamedSources.Most, cancellationToken, node);
                    if (owners.Problem is { } now && now != problem)
                    {
                        log?.PodsUnknown(now);
                    }

                    problem = owners.Problem;
                    Record(waiting.Node, waiting.News, NamedSources.Text(waiting.Sources, address => owners.Find(address, node)));
                    _unnamed.Reader.TryRead(out _);
                }
            }
        }
        finally
        {
            // What happened is told, named or not.
            while (_unnamed.Reader.TryRead(out var waiting))
            {
                Record(waiting.Node, waiting.News, NamedSources.Text(waiting.Sources, _ => null));
            }
        }
    }

    private void Record(ObjectReference node, NodeNews news, string? sources) => events.Record(
        node,
        news.Warning ? EventType.Warning : EventType.Normal,
        news.Reason,
        news.Action,
        BoundedText.Of(sources is null ? news.Note : $"{news.Note}; {sources}", NoteLength),
        news.Key);

    /// <summary>What is worth an event. Pure.</summary>
    internal static IEnumerable<NodeNews> News(NodeStatus? before, NodeStatus after)
    {
        var usage = after.Table?.NoLimit == true
            ? Text($"{after.Table.Entries} conntrack entries in use, no limit")
            : Text($"{after.Table?.Entries} of {after.Table?.Limit} conntrack entries in use ({after.Table?.Percent}%)");
        if (after.Table?.Percent >= 100)
        {
            if (before?.Table?.Percent is null or < 100)
            {
                yield return new NodeNews(
                    true, EventReasons.TableFull, EventActions.Observe, usage, EventReasons.TableFull, TellsSources: true);
            }
        }
        else if (Pressure(after) > Pressure(before))
        {
            // On the way down the level it comes to is no news.
            yield return new NodeNews(
                true, EventReasons.TableNearFull, EventActions.Observe, usage, EventReasons.TableNearFull + Text($"{Pressure(after)}"),
                TellsSources: true);
        }

        if (after.Rates?.TableFullDropsPerMinute is > 0 and var drops && before?.Rates?.TableFullDropsPerMinute is null or 0)
        {
            yield return new NodeNews(
                true, EventReasons.PacketsDropped, EventActions.Observe, $"{PacketLoss.TableFull(drops)}; {usage}",
                EventReasons.PacketsDropped, TellsSources: true);
        }

        if (after.Rates?.RacesLostPerMinute is >= PacketLoss.RacesThatCount and var lost
            && before?.Rates?.RacesLostPerMinute is null or < PacketLoss.RacesThatCount)
        {
            yield return new NodeNews(true, EventReasons.RacesLost, EventActions.Observe, PacketLoss.Races(lost), EventReasons.RacesLost);
        }

        if (before?.Table?.Buckets is { } old && after.Table?.Buckets is { } now && old != now)
        {
            yield return new NodeNews(
                false, EventReasons.Resized, EventActions.Resize, Text($"the conntrack hash table went from {old} to {now} buckets"),
                EventReasons.Resized);
        }

        foreach (var setting in after.Settings ?? [])
        {
            var known = before?.Settings?.Find(s => s.Name == setting.Name);
            if (setting.Rewrites > (known?.Rewrites ?? 0) && before is not null)
            {
                yield return new NodeNews(true, EventReasons.DriftCorrected, EventActions.Restore,
                    $"something else overwrote {setting.Name}; it was put back to "
                        + $"{setting.Desired?.ToString(CultureInfo.InvariantCulture)}", EventReasons.DriftCorrected + setting.Name);
            }

            if (setting.State == known?.State)
            {
                continue;
            }

            if (setting.State == SettingState.Contested)
            {
                yield return new NodeNews(
                    true, EventReasons.SettingContested, EventActions.Restore, $"{setting.Name}: {setting.Message}",
                    EventReasons.SettingContested + setting.Name);
            }
            else if (setting.State is SettingState.Failed or SettingState.ReadOnly)
            {
                yield return new NodeNews(
                    true, EventReasons.SettingFailed, EventActions.Apply, $"{setting.Name}: {setting.Message}",
                    EventReasons.SettingFailed + setting.Name);
            }
        }
    }

    private static int Pressure(NodeStatus? status) => status?.Conditions?.Find(c => c.Type == ConditionTypes.Pressure)?.Reason switch
    {
        ConditionReasons.Critical => 2,
        ConditionReasons.Warning => 1,
        _ => 0,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
