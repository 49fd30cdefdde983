using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>Deletes entries of the calling thread's network namespace. Needs ctnetlink and CAP_NET_ADMIN.</summary>
public sealed class FlowDeleter
{
    private readonly Func<INetlinkTransport> _open;
    private readonly SysctlDirectory _sysctls;
    private readonly TimeProvider _time;
    private readonly TimeoutWatch _timeouts;
    private readonly FilterSupport _filters;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="sysctls">Where nf_conntrack_count is; null is the default directory.</param>
    /// <param name="time">The clock for progress; null is the system's.</param>
    /// <param name="timeouts">
    /// What is known of the time-outs, for a match by idle time; null: nothing from before the deletion, so that no entry counts as idle.
    /// </param>
    /// <param name="filters">What is known of the kernel's filters; null: nothing yet, and nobody else is told.</param>
    public FlowDeleter(
        SysctlDirectory? sysctls = null, TimeProvider? time = null, TimeoutWatch? timeouts = null, FilterSupport? filters = null)
        : this(NetlinkSocket.Open, sysctls, time, timeouts, filters)
    {
    }

    internal FlowDeleter(
        Func<INetlinkTransport> open, SysctlDirectory? sysctls, TimeProvider? time, TimeoutWatch? timeouts = null,
        FilterSupport? filters = null)
    {
        _open = open;
        _sysctls = sysctls ?? new SysctlDirectory();
        _time = time ?? TimeProvider.System;
        _timeouts = timeouts ?? new TimeoutWatch(_sysctls, _time);
        _filters = filters ?? new FilterSupport();
    }

    /// <summary>Entries of each filter that are counted before the kernel deletes by it; a test has fewer.</summary>
    internal int MostChecked { get; init; } = FilteredFlush.MostChecked;

    /// <summary>
    /// Deletes every entry that matches. What the kernel can decide as a whole, without idle times, goes in one request where this
    /// kernel can be trusted with it (<see cref="DeleteResult.ByKernel"/>); the rest one by one, as they are read. An entry that begins
    /// while this runs may or may not be met. An entry is deleted within some two milliseconds of being read by the kernel
    /// (<see cref="DeleteResult.DelayP99"/> tells what was held), or is asked for again first: one that was used meanwhile and no longer
    /// matches stays. Where idle times count, which time-outs are set is looked at between the two: what was judged before one of them was
    /// changed is judged again.
    /// </summary>
    /// <remarks>
    /// Of two connections that had the same tuple one after the other the kernel often makes entries with the same id; they
    /// are told apart only when the entry is asked for again and nf_conntrack_timestamp is on. A connection of other
    /// addresses, ports or zone is never taken for the one that matched.
    /// </remarks>
    /// <param name="match">Which entries. An empty match is every entry: asking twice is the caller's business.</param>
    /// <param name="dryRun">Count only.</param>
    /// <param name="progress">Is told how far it is, about ten times a second and at the end; on the calling thread.</param>
    /// <param name="cancellationToken">Looked at about every hundred entries. What was deleted until then stays deleted.</param>
    /// <exception cref="NetlinkException">
    /// The table can't be read to its end, or nothing may be deleted, and nothing was; else see <see cref="DeleteResult.Stopped"/>.
    /// </exception>
    /// <exception cref="ArgumentException">The match names a state that the protocol does not have.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public DeleteResult Delete(
        FlowMatch match, bool dryRun, IProgress<DeleteProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(match);
        var filter = new FlowFilter { Match = match };
        using var clock = match.IdleFor is null ? null : _timeouts.Follow(match.TimeoutsHeld);
        var predicate = new FlowPredicate(filter, clock?.Clock);
        var wanted = predicate.Needs | FlowFields.Id | FlowFields.Zone | FlowFields.Start;
        var tableEntries = _sysctls.Read(SysctlNames.Count).Value ?? 0;
        if (!dryRun && !match.IsEmpty && FlushByKernel(filter, predicate, wanted, progress, tableEntries, cancellationToken) is { } flushed)
        {
            return flushed;
        }

        using var batch = dryRun ? null : new DeleteBatch(_open(), predicate, wanted, _time, clock is null ? null : Holds);
        var run = new DeleteRun(predicate, batch, progress, _time, tableEntries);
        var visitor = new DeletingVisitor(run);

        bool Holds()
        {
            if (clock!.Holds())
            {
                return true;
            }

            predicate.Use(clock.Clock);
            return false;
        }

        // No /proc here: it gives no identities.
        var table = new CtnetlinkTable(batch is null ? _open : () => new DumpClock(_open(), batch, _time));
        string? stopped = null;
        FlowReadResult? read = null;
        try
        {
            read = table.Read(filter, wanted, ref visitor, cancellationToken);
            batch?.Flush();
        }
        catch (NetlinkException e) when (batch is { Deleted: > 0 })
        {
            stopped = e.Message;
        }

        run.Report();
        return new DeleteResult
        {
            Examined = read?.Entries ?? run.Examined,
            TableEntries = Math.Max(tableEntries, read?.Entries ?? run.Examined),
            Matched = run.Matched,
            MatchingIfHeld = predicate.MatchingIfHeld,
            Deleted = batch?.Deleted ?? 0,
            Gone = batch?.Refusals.Gone ?? 0,
            Offloaded = batch?.Refusals.Offloaded ?? 0,
            Kept = batch?.Kept ?? 0,
            AskedAgain = batch?.AskedAgain ?? 0,
            Failed = (batch?.Refusals.Failed ?? 0) + run.Unnamed,
            Error = batch?.Refusals.Error ?? (run.Unnamed > 0 ? "the kernel gave no identity for them" : null),
            DelayP99 = batch?.Delays is { Count: > 0 } delays ? delays.Within(0.99) : null,
            DelayLongest = batch?.Delays is { Count: > 0 } all ? all.Longest : null,
            DryRun = dryRun,
            Complete = stopped is null && read is { Complete: true },
            Stopped = stopped,
            Elapsed = run.Elapsed,
        };
    }

    private DeleteResult? FlushByKernel(
        FlowFilter filter, FlowPredicate predicate, FlowFields wanted, IProgress<DeleteProgress>? progress, long tableEntries,
        CancellationToken cancellationToken)
    {
        var filters = KernelFilter.Of(filter);
        if (filters.Count == 0 || !filters.All(f => f.DecidesAll) || !_filters.Covers(_open, filters))
        {
            return null;
        }

        var start = _time.GetTimestamp();
        var flush = new FilteredFlush(_open, predicate, wanted, () => _sysctls.Read(SysctlNames.Count).Value, MostChecked);
        if (flush.TryRun(filters, cancellationToken) is not { } outcome)
        {
            return null;
        }

        progress?.Report(
            new DeleteProgress(outcome.TableEntries, outcome.Matched, outcome.Deleted, tableEntries, _time.GetElapsedTime(start)));
        return new DeleteResult
        {
            Examined = outcome.TableEntries,
            TableEntries = Math.Max(tableEntries, outcome.TableEntries),
            Matched = outcome.Matched,
            Deleted = outcome.Deleted,
            Offloaded = outcome.Offloaded,
            Approximate = outcome.Approximate,
            ByKernel = true,
            Gone = 0,
            Kept = 0,
            AskedAgain = 0,
            Failed = 0,
            Error = null,
            DelayP99 = null,
            DelayLongest = null,
            DryRun = false,
            Complete = outcome.Stopped is null,
            Stopped = outcome.Stopped,
            Elapsed = _time.GetElapsedTime(start),
        };
    }

    private readonly struct DeletingVisitor(DeleteRun run) : IFlowVisitor
    {
        public bool Visit(scoped in Flow flow)
        {
            run.Examine(flow);
            return true;
        }

        public bool Restart()
        {
            run.Restart();
            return true;
        }
    }
}
