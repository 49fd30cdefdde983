using System.Collections.Concurrent;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>
/// How long ago each node's last report came, by the controller's own monotonic clock, from when the report's time was seen to change:
/// the time itself is by the node's clock, which may say anything. A controller that has just begun counts from then.
/// </summary>
internal sealed class ReportAgeTracker(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (string? Uid, DateTimeOffset? ReportedAt, long SeenAt, bool IsNews)> _seen = new(
        StringComparer.Ordinal);

    /// <summary>Since when this report, or that there is none, has been known.</summary>
    public TimeSpan Of(string name, ConntrackNode? node)
    {
        // That there is none is known as well: what is reported in one that comes later is news.
        var (uid, reportedAt) = (node?.Metadata?.Uid, node?.Status?.ReportedAt);
        var seen = _seen.AddOrUpdate(
            name,
            _ => (uid, reportedAt, time.GetTimestamp(), false),
            (_, old) => old.Uid == uid && old.ReportedAt == reportedAt ? old : (uid, reportedAt, time.GetTimestamp(), true));
        return node is null ? TimeSpan.Zero : time.GetElapsedTime(seen.SeenAt);
    }

    /// <summary>Whether the node has reported since this controller began: what was there before may be of an agent that is gone.</summary>
    public bool HasNews(string name) => _seen.TryGetValue(name, out var seen) && seen.IsNews;

    public void Forget(string name) => _seen.TryRemove(name, out _);
}
