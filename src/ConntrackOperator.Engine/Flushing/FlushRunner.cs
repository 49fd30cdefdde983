using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Engine.Flushing;

/// <summary>
/// Does each flush of the plan at most once, whatever restarts: the disk knows that one has begun before its first entry is
/// deleted, and one that was cut off is reported as such, not begun again, since by now its match would hit other entries.
/// The deletion runs beside the loop, which goes on enforcing.
/// </summary>
public sealed class FlushRunner
{
    private readonly StateDirectory _state;
    private readonly Func<FlowDeleter> _deleter;
    private readonly TimeProvider _time;
    private readonly List<FlushRecord> _records;
    private Task<FlushRecord>? _running;
    private bool _unsaved;

    internal FlushRunner(StateDirectory state, Func<FlowDeleter> deleter, TimeProvider time)
    {
        _state = state;
        _time = time;
        _deleter = deleter;
        var file = AtomicFile.Read(state.FlushesFile, EngineJson.Default.ListFlushRecord, setAside: !state.IsReadOnly, out var problem);
        Problem = problem;
        _records = [.. (file ?? []).Select(r => r.FinishedAt is not null ? r : r with
        {
            FinishedAt = Now(time),
            Error = "the agent was stopped while it deleted: part of the entries are gone. Make another flush for the rest",
        })];
    }

    /// <summary>What was wrong with the file, if something was.</summary>
    public string? Problem { get; }

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
        foreach (var done in status?.Flushes ?? [])
        {
            if (done.Uid is { } uid && _records.TrueForAll(r => r.Uid != uid))
            {
                _records.Add(new FlushRecord { Uid = uid, FinishedAt = done.FinishedAt ?? Now(_time), Matched = done.Matched ?? 0, Deleted = done.Deleted ?? 0, Error = done.Error });
            }
        }
    }

    /// <summary>Takes the result of a deletion that has ended, and begins the next one that the plan asks for.</summary>
    /// <param name="asked">The plan's flushes; null: no plan has come from the controller since the start, so nothing is begun or forgotten.</param>
    /// <returns>Whether <see cref="Statuses"/> changed.</returns>
    /// <exception cref="IOException">The state directory can't be written, so nothing was begun.</exception>
    public bool Turn(IReadOnlyList<NodeFlush>? asked)
    {
        if (asked is null)
        {
            return false;
        }

        if (_running is { IsCompleted: true } ended)
        {
            _running = null;
            Deleted += ended.Result.Deleted;
            _records[_records.FindIndex(r => r.Uid == ended.Result.Uid)] = ended.Result;
            _unsaved = true;
        }

        if (_running is null)
        {
            _unsaved |= _records.RemoveAll(r => !asked.Any(a => a.Uid == r.Uid)) > 0;
            var next = asked.FirstOrDefault(a => _records.TrueForAll(r => r.Uid != a.Uid));
            if (next is { Uid: not null, Match: not null })
            {
                Begin(next);
            }
        }

        Save();
        return Show(asked);
    }

    /// <summary>Waits for the deletion in hand, if there is one.</summary>
    public async Task SettleAsync()
    {
        if (_running is { } running)
        {
            await running;
        }
    }

    private void Begin(NodeFlush flush)
    {
        _records.Add(new FlushRecord { Uid = flush.Uid });
        _unsaved = true;
        try
        {
            Save();
        }
        catch
        {
            _records.RemoveAt(_records.Count - 1);
            throw;
        }

        _running = Task.Run(() => Run(flush));
    }

    private bool Show(IReadOnlyList<NodeFlush> asked)
    {
        List<NodeFlushStatus> statuses = [.. _records.Where(r => r.FinishedAt is not null && asked.Any(a => a.Uid == r.Uid)).Select(r => new NodeFlushStatus
        {
            Uid = r.Uid,
            Matched = r.Matched,
            Deleted = r.Deleted,
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
            var result = _deleter().Delete(FlushMatches.ToFlowMatch(flush.Match!), flush.DryRun == true);
            record = record with
            {
                Matched = result.Matched,
                Deleted = result.Deleted,
                Error = result.Failed > 0 ? $"{result.Failed} entries could not be deleted: {result.Error}"
                    : result.Complete ? null : "the table changed faster than it could be read; some entries were not looked at",
            };
        }
        catch (Exception e) when (e is NetlinkException or ArgumentException or IOException)
        {
            record = record with { Error = e.Message };
        }

        return record with { FinishedAt = Now(_time) };
    }

    /// <summary>Whole seconds, as the API keeps them.</summary>
    private static DateTimeOffset Now(TimeProvider time) => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private void Save()
    {
        if (_unsaved)
        {
            AtomicFile.Write(_state.FlushesFile, _records, EngineJson.Default.ListFlushRecord);
            _unsaved = false;
        }
    }
}
