using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>
/// Whether a report is worth a write to the API server. Pure. With 5,000 nodes each needless one counts: only what a person
/// would care about does, and the rest waits for the heartbeat.
/// </summary>
public static class ReportRules
{
    /// <summary>The width of a band of usage, in percentage points.</summary>
    public const int BandPoints = 5;

    private const int PortsThatMatter = 50;

    /// <summary>Compares what was reported last with what could be reported now.</summary>
    /// <param name="last">The last report; null: there was none.</param>
    /// <param name="now">What could be reported.</param>
    public static ReportUrgency Compare(NodeStatus? last, NodeStatus now)
    {
        ArgumentNullException.ThrowIfNull(now);
        if (last is null || last.ObservedGeneration != now.ObservedGeneration || last.Node != now.Node
            || last.Table?.Limit != now.Table?.Limit || last.Table?.NoLimit != now.Table?.NoLimit
            || last.Table?.Buckets != now.Table?.Buckets
            || ConditionsDiffer(last, now) || SettingsDiffer(last, now)
            || !(last.Flushes ?? []).SequenceEqual(now.Flushes ?? []))
        {
            return ReportUrgency.Now;
        }

        return UsageMoved(last.Table?.Percent, now.Table?.Percent)
            || UsageMoved(last.Table?.HeadroomPercent, now.Table?.HeadroomPercent)
            || UsageMoved(Ports(last), Ports(now))
            || last.Table?.FullIn is null != now.Table?.FullIn is null
            || last.Rates is null != now.Rates is null
            || RateMoved(last.Rates?.TableFullDropsPerMinute, now.Rates?.TableFullDropsPerMinute)
            || RateMoved(last.Rates?.RacesLostPerMinute, now.Rates?.RacesLostPerMinute)
            || RateMoved(last.Rates?.OtherDropsPerMinute, now.Rates?.OtherDropsPerMinute)
            || RateMoved(last.Rates?.EarlyDropsPerMinute, now.Rates?.EarlyDropsPerMinute)
            || RateMoved(last.Rates?.ChainTooLongPerMinute, now.Rates?.ChainTooLongPerMinute)
            || last.Composition is null != now.Composition is null
            || last.Advice is null != now.Advice is null || last.AdviceReason != now.AdviceReason
            || !Causes(last).SetEquals(Causes(now))
            ? ReportUrgency.Soon
            : ReportUrgency.Heartbeat;
    }

    // Their order follows figures that move all the time.
    private static HashSet<string?> Causes(NodeStatus status) => [.. (status.Findings ?? []).Select(f => f.Cause)];

    private static bool ConditionsDiffer(NodeStatus last, NodeStatus now)
    {
        var before = last.Conditions ?? [];
        var after = now.Conditions ?? [];
        return before.Count != after.Count
            || after.Any(c => !before.Any(b => b.Type == c.Type && b.Status == c.Status && b.Reason == c.Reason));
    }

    /// <summary>Messages hold figures that move all the time: they go along, but are no reason to report.</summary>
    private static bool SettingsDiffer(NodeStatus last, NodeStatus now)
    {
        var before = last.Settings ?? [];
        var after = now.Settings ?? [];
        if (before.Count != after.Count)
        {
            return true;
        }

        for (var i = 0; i < after.Count; i++)
        {
            if (before[i] with { Message = null } != after[i] with { Message = null })
            {
                return true;
            }
        }

        return false;
    }

    // Addresses come and go with few of their ports in use: no reason to report.
    private static int Ports(NodeStatus status) => Math.Max(PortsThatMatter, status.Nat is [var worst, ..] ? worst.Percent ?? 0 : 0);

    /// <summary>A band is left only when usage is a whole band away from what was reported, so that it does not flap at an edge.</summary>
    private static bool UsageMoved(int? last, int? now) =>
        last is null != now is null || (last is { } a && now is { } b && Math.Abs(a - b) >= BandPoints);

    /// <summary>
    /// From nothing to something, back, or by a factor of two. Invalid packets come and go on any node: they wait for the heartbeat.
    /// </summary>
    private static bool RateMoved(long? last, long? now)
    {
        var (a, b) = (last ?? 0, now ?? 0);
        return a != b && (a == 0 || b == 0 || b >= a * 2 || a >= b * 2);
    }
}
