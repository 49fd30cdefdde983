using System.Collections.Concurrent;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>
/// How long ago each node's last report came, by the controller's own monotonic clock, from when the report's time was seen to change:
/// the time itself is by the node's clock, which may say anything. A controller that has just begun counts from then.
/// </summary>
internal sealed class ReportAgeTracker(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (string? Uid, DateTimeOffset? ReportedAt, long SeenAt)> _seen = new(
        StringComparer.Ordinal);

    /// <summary>Since when this report, or that there is none, has been known.</summary>
    public TimeSpan Of(string name, ConntrackNode? node)
    {
        if (node is null)
        {
            Forget(name);
            return TimeSpan.Zero;
        }

        var (uid, reportedAt) = (node.Metadata?.Uid, node.Status?.ReportedAt);
        var seen = _seen.AddOrUpdate(
            name,
            _ => (uid, reportedAt, time.GetTimestamp()),
            (_, old) => old.Uid == uid && old.ReportedAt == reportedAt ? old : (uid, reportedAt, time.GetTimestamp()));
        return time.GetElapsedTime(seen.SeenAt);
    }

    public void Forget(string name) => _seen.TryRemove(name, out _);
}
