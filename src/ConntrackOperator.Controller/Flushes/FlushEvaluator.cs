using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Configuration;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>From what nodes report to a flush's status. Pure.</summary>
internal static class FlushEvaluator
{
    /// <summary>How many failures the status lists.</summary>
    public const int Listed = 20;

    /// <summary>How many nodes a flush may be for: what the list in its status holds.</summary>
    public const int MostNodes = 5000;

    /// <summary>What a table can hold at most, and so what can be deleted on a node (kernel: unsigned int nf_conntrack_max).</summary>
    private const long MostEntries = uint.MaxValue;

    private const int LongestError = 256;

    /// <summary>Judges one node.</summary>
    /// <param name="uid">The flush's UID.</param>
    /// <param name="name">The node.</param>
    /// <param name="node">Its ConntrackNode, or null.</param>
    /// <param name="ready">Whether the node is there and ready; null: it is gone.</param>
    /// <param name="elapsed">Since the nodes were told.</param>
    /// <param name="options">The bounds.</param>
    public static FlushProgress Judge(
        string uid, string name, ConntrackNode? node, bool? ready, TimeSpan elapsed, ControllerOptions options)
    {
        if (node?.Status?.Flushes?.Find(f => f.Uid == uid) is { } done)
        {
            return new FlushProgress(
                name,
                Reported: true,
                done.Error is null,
                done.Error is null
                    ? null
                    : new FlushFailure
                    {
                        Name = name,
                        Reason = FlushConditionReasons.Failed,
                        Message = BoundedText.Of(done.Error, LongestError),
                    },
                Math.Clamp(done.Matched ?? 0, 0, MostEntries),
                Math.Clamp(done.Deleted ?? 0, 0, MostEntries),
                done.Approximate == true);
        }

        var failure = ready is null || node is null
            ? (FlushConditionReasons.NodeGone, "the node, or its ConntrackNode, is gone")
            : ready is false && elapsed > options.FlushAwayTimeout
                ? (FlushConditionReasons.NodeAway, $"the node is not ready, and was waited for {options.FlushAwayTimeout.TotalSeconds:0} s")
                : elapsed > options.FlushTimeout
                    ? (FlushConditionReasons.TimedOut,
                        $"the agent has not done it within {options.FlushTimeout.TotalSeconds:0} s: is its pod running?")
                    : default((string Reason, string Message)?);
        return new FlushProgress(
            name,
            Reported: false,
            Done: false, failure is { } why ? new FlushFailure { Name = name, Reason = why.Reason, Message = why.Message } : null, 0, 0);
    }

    /// <summary>Judges a node that has reported before: whether it is still there does not matter any more.</summary>
    /// <param name="result">What it reported.</param>
    /// <param name="failures">The failures listed so far.</param>
    public static FlushProgress Judge(FlushNodeResult result, IReadOnlyList<FlushFailure>? failures) => new(
        result.Name!,
        Reported: true,
        result.Failed != true,
        result.Failed != true ? null
            : failures?.FirstOrDefault(f => f.Name == result.Name)
            ?? new FlushFailure { Name = result.Name, Reason = FlushConditionReasons.Failed, Message = "the node reported that it failed" },
        Math.Clamp(result.Matched ?? 0, 0, MostEntries),
        Math.Clamp(result.Deleted ?? 0, 0, MostEntries),
        result.Approximate == true);

    /// <summary>Adds up.</summary>
    public static FlushStatus Sum(FlushStatus before, IReadOnlyList<FlushProgress> nodes, bool dryRun, DateTimeOffset now)
    {
        var done = nodes.Count(n => n.Done);
        var failures = nodes.Where(n => n.Failure is not null).Select(n => n.Failure!).ToList();
        var finished = done + failures.Count == nodes.Count;
        var phase = !finished ? FlushPhase.Running : failures.Count > 0 ? FlushPhase.Failed : FlushPhase.Succeeded;
        var matched = nodes.Sum(n => n.Matched);
        var deleted = nodes.Sum(n => n.Deleted);
        var approximate = nodes.Any(n => n.Approximate);
        var about = approximate ? "about " : string.Empty;
        var told = dryRun
            ? $"{matched} entries match on {done} nodes; nothing is deleted in a dry run"
            : $"{about}{deleted} entries deleted on {done} of {nodes.Count} nodes";
        return before with
        {
            Phase = phase,
            Nodes = new FlushNodeCounts { Selected = nodes.Count, Done = done, Failed = failures.Count },
            Results =
            [
                .. nodes.Where(n => n.Reported)
                    .Select(n => new FlushNodeResult
                    {
                        Name = n.Name,
                            Matched = n.Matched,
                                Deleted = n.Deleted, Approximate = n.Approximate ? true : null, Failed = n.Done ? null : true,
                    }),
            ],
            Failures = [.. failures.Take(Listed)],
            Matched = matched,
            Deleted = deleted,
            Approximate = approximate ? true : null,
            FinishedAt = finished ? before.FinishedAt ?? now : null,
            Conditions = finished ? Conditions(before.Conditions, failures, told, now) : before.Conditions,
        };
    }

    /// <summary>It can't begin yet.</summary>
    /// <param name="full">The nodes that have too many flushes to do already.</param>
    /// <param name="before">The conditions as they are, for the times of transitions.</param>
    /// <param name="now">The time.</param>
    public static FlushStatus Waiting(IReadOnlyList<string> full, IReadOnlyList<Condition>? before, DateTimeOffset now)
    {
        var where = full.Count == 1 ? $"node {full[0]} has" : $"{full.Count} nodes, such as {full[0]}, have";
        var verdict = new ConditionResult(
            false, FlushConditionReasons.Waiting,
            $"{where} {FlushAssignments.AtOnce} flushes to do already; this one begins when enough of those are over");
        return new()
        {
            Phase = FlushPhase.Pending,
            Nodes = new FlushNodeCounts { Selected = 0, Done = 0, Failed = 0 },
            Matched = 0,
            Deleted = 0,
            Conditions = [verdict.ToCondition(FlushConditionTypes.Complete, before, null, now)],
        };
    }

    /// <summary>It can't be done at all.</summary>
    public static FlushStatus Refused(string reason, string message, DateTimeOffset now) => new()
    {
        Phase = FlushPhase.Failed,
        Nodes = new FlushNodeCounts { Selected = 0, Done = 0, Failed = 0 },
        Matched = 0,
        Deleted = 0,
        FinishedAt = now,
        Conditions = Conditions(failed: true, reason, message, now),
    };

    private static List<Condition> Conditions(
        IReadOnlyList<Condition>? before, List<FlushFailure> failures, string told, DateTimeOffset now)
    {
        if (before is { Count: > 0 })
        {
            return [.. before];
        }

        var failed = failures.Count > 0;
        var why = failed ? $"{told}; {failures[0].Name}: {failures[0].Message}" : told;
        return Conditions(failed, failed ? failures[0].Reason! : FlushConditionReasons.Done, why, now);
    }

    private static List<Condition> Conditions(bool failed, string reason, string message, DateTimeOffset now) =>
    [
        new ConditionResult(!failed, reason, message).ToCondition(FlushConditionTypes.Complete, null, null, now),
        new ConditionResult(failed, reason, message).ToCondition(FlushConditionTypes.Failed, null, null, now),
    ];
}
