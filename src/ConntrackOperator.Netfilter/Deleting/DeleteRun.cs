using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>One deletion under way.</summary>
/// <param name="predicate">Which entries.</param>
/// <param name="batch">Where matches go; null in a dry run.</param>
/// <param name="progress">Is told.</param>
/// <param name="time">The clock.</param>
/// <param name="tableEntries">Entries in the table when it began.</param>
internal sealed class DeleteRun(
    FlowPredicate predicate, DeleteBatch? batch, IProgress<DeleteProgress>? progress, TimeProvider time, long tableEntries)
{
    private const int EntriesBetweenLooksAtTheClock = 1024;

    private static readonly TimeSpan _reportEvery = TimeSpan.FromMilliseconds(100);

    private readonly long _start = time.GetTimestamp();
    private long _reported = time.GetTimestamp();

    internal long Examined { get; private set; }

    internal long Matched { get; private set; }

    /// <summary>Matches that could not be named safely.</summary>
    internal long Unnamed { get; private set; }

    internal TimeSpan Elapsed => time.GetElapsedTime(_start);

    internal void Examine(scoped in Flow flow)
    {
        if (++Examined % EntriesBetweenLooksAtTheClock == 0 && progress is not null && time.GetElapsedTime(_reported) >= _reportEvery)
        {
            Report();
        }

        if (!predicate.Matches(flow))
        {
            return;
        }

        Matched++;
        if (batch is not null && !batch.Add(flow))
        {
            Unnamed++;
        }
    }

    /// <summary>The dump begins again. What was deleted is no longer met, so it stays in the count of matches.</summary>
    internal void Restart()
    {
        batch?.Flush();
        Examined = 0;
        Unnamed = 0;
        predicate.MatchingIfHeld = 0;
        Matched = batch is null ? 0 : batch.Deleted;
    }

    internal void Report()
    {
        _reported = time.GetTimestamp();
        progress?.Report(new DeleteProgress(Examined, Matched, batch?.Deleted ?? 0, tableEntries, Elapsed));
    }
}
