using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Engine.Flushing;

/// <summary>
/// Does each flush of the plan at most once, whatever restarts: the disk knows that one has begun before its first entry is
/// deleted, and one that was cut off is reported as such, not begun again, since by now its match would hit other entries.
/// The deletion runs beside the loop, which goes on enforcing, time-outs too: a flush by idle time looks at them before each deletion
/// (<see cref="FlowDeleter"/>).
/// </summary>
/// <remarks>
/// Where it can't be known what was done before (the record can't be read, or is gone although an agent has reported from this
/// node), the flushes that the first plan asks for are not done, and say so. Each flush ends in a status, done or not: one whose
/// begin can't be recorded within <see cref="_patience"/> is given up. Only one whose conditions nobody has counted waits for that:
/// an older controller wrote it, and the newer one that follows in an upgrade counts them.
/// </remarks>
public sealed class FlushRunner
{
    // Those that the plan no longer asks for are kept as long as there is room: a plan may leave one out for a moment.
    private const int MostRecords = 256;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly StateDirectory _state;
    private readonly Func<FlowMatch, bool, DeleteResult> _delete;
    private readonly TimeProvider _time;
    private readonly FlushRecordStore _records;
    private (string? Uid, long Since) _waiting;
    private (string? Uid, Task<FlushRecord> Task)? _running;

    /// <param name="state">Where the record is kept.</param>
    /// <param name="delete">Deletes what matches; true: only counts it.</param>
    /// <param name="time">The clock.</param>
    internal FlushRunner(StateDirectory state, Func<FlowMatch, bool, DeleteResult> delete, TimeProvider time)
    {
        _state = state;
        _time = time;
        _delete = delete;
        _records = new FlushRecordStore(state);
        _records.EndUnfinished(
            Now(), "the agent was stopped before it ended, and how far it came is not known. Make another flush for the rest");
    }

    /// <summary>What was wrong with the file, if something was.</summary>
    public string? Problem => _records.Problem;

    /// <summary>Whether entries are being deleted.</summary>
    public bool IsRunning => _running is not null;

    /// <summary>Entries deleted since the start.</summary>
    public long Deleted { get; private set; }

    /// <summary>What became of the flushes, in the order in which they were done.</summary>
    public IReadOnlyList<NodeFlushStatus> Statuses { get; private set; } = [];

    /// <summary>Takes over what the node's status tells: what was done before the state directory was lost is not done again.</summary>
    /// <param name="status">The status as stored in the API server.</param>
    public void Adopt(NodeStatus? status)
    {
        if (status?.ReportedAt is not null && !_records.HadFile)
        {
            _records.DoubtFor($"{_state.FlushesFile} was lost");
        }

        foreach (var done in status?.Flushes ?? [])
        {
            // An end that was reported and not recorded any more, as on a full disk, is better known than one that was only cut off.
            if (done.Uid is { } uid && (!_records.Knows(uid) || (done.FinishedAt is not null && _records.WasCutOff(uid))))
            {
                _records.Put(new FlushRecord
                {
                    Uid = uid,
                    FinishedAt = done.FinishedAt ?? Now(),
                    Matched = done.Matched ?? 0,
                    Deleted = done.Deleted ?? 0,
                    Approximate = done.Approximate,
                    Error = done.Error ?? (done.FinishedAt is null
                        ? "it had begun, and how it ended is not known. Make another flush for the rest" : null),
                });
            }
        }
    }

    /// <summary>Takes the result of a deletion that has ended, and begins the next one that the plan asks for.</summary>
    /// <param name="asked">
    /// The plan's flushes; null: no plan has come from the controller since the start, so nothing is begun or forgotten.
    /// </param>
    /// <returns>Whether <see cref="Statuses"/> changed.</returns>
    /// <exception cref="IOException">
    /// The state directory can't be written: nothing was begun that the disk does not know of. <see cref="Statuses"/> is what it should
    /// be all the same.
    /// </exception>
    public bool Turn(IReadOnlyList<NodeFlush>? asked)
    {
        if (asked is null)
        {
            return false;
        }

        TakeResult();
        RefuseInDoubt(asked);
        try
        {
            if (_running is null)
            {
                _records.Trim(MostRecords, r => asked.Any(a => a.Uid == r.Uid));
                if (asked.FirstOrDefault(a => a is { Uid: not null, Conditions: not null } && !_records.Knows(a.Uid)) is { } next)
                {
                    Begin(next);
                }
            }

            Save();
        }
        catch (IOException)
        {
            Show(asked);
            throw;
        }

        return Show(asked);
    }

    /// <summary>Waits for the deletion in hand, if there is one. For tests: the agent looks again with its next cycle.</summary>
    internal async Task SettleAsync()
    {
        if (_running is { } running)
        {
            await ((Task)running.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void TakeResult()
    {
        if (_running is not { Task.IsCompleted: true } ended)
        {
            return;
        }

        // What nobody expected ends this flush, not the agent.
        var result = ended.Task.IsCompletedSuccessfully
            ? ended.Task.Result
            : new FlushRecord
            {
                Uid = ended.Uid,
                FinishedAt = Now(),
                Error = ended.Task.Exception?.GetBaseException().Message ?? "it was cancelled",
            };
        _running = null;
        Deleted += result.Deleted;
        _records.Put(result);
    }

    private void RefuseInDoubt(IReadOnlyList<NodeFlush> asked)
    {
        if (_records.Doubt is not { } doubt)
        {
            return;
        }

        foreach (var flush in asked.Where(a => !_records.Knows(a.Uid)))
        {
            _records.Put(new FlushRecord
            {
                Uid = flush.Uid,
                FinishedAt = Now(),
                Error = $"{doubt}, so it is not known whether this was done before, and it is not done. Make another flush",
            });
        }

        _records.EndDoubt();
    }

    private void Begin(NodeFlush flush)
    {
        try
        {
            _records.Begin(flush.Uid);
            _waiting = default;
        }
        catch (IOException e)
        {
            if (_waiting.Uid != flush.Uid)
            {
                _waiting = (flush.Uid, _time.GetTimestamp());
            }

            // What may not begin is not left for ever as if it ran. Should the disk never know of this, the status does.
            if (_time.GetElapsedTime(_waiting.Since) >= _patience)
            {
                _records.Put(new FlushRecord
                {
                    Uid = flush.Uid,
                    FinishedAt = Now(),
                    Error = $"nothing was deleted: its begin can't be recorded ({e.Message})",
                });
            }

            throw;
        }

        _running = (flush.Uid, Task.Run(() => Run(flush)));
    }

    private bool Show(IReadOnlyList<NodeFlush> asked)
    {
        var done = _records.All.Where(r => r.FinishedAt is not null && asked.Any(a => a.Uid == r.Uid));
        List<NodeFlushStatus> statuses = [.. done.Select(r => new NodeFlushStatus
        {
            Uid = r.Uid,
            Matched = r.Matched,
            Deleted = r.Deleted,
            Approximate = r.Approximate,
            FinishedAt = r.FinishedAt,
            Error = r.Error,
        })];
        if (statuses.SequenceEqual(Statuses))
        {
            return false;
        }

        Statuses = statuses;
        return true;
    }

    private FlushRecord Run(NodeFlush flush)
    {
        var record = new FlushRecord { Uid = flush.Uid };
        try
        {
            var result = _delete(FlushMatches.ToFlowMatch(flush), flush.DryRun == true);
            record = record with
            {
                Matched = result.Matched,
                Deleted = result.Deleted,
                Approximate = result.Approximate ? true : null,
                Error = FlushErrors.Of(result),
            };
        }
        catch (Exception e) when (e is NetlinkException or ArgumentException or IOException)
        {
            record = record with { Error = e.Message };
        }

        return record with { FinishedAt = Now() };
    }

    /// <summary>Whole seconds, as the API keeps them.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());

    private void Save()
    {
        if (_records.Save())
        {
            _waiting = default;
        }
    }
}
