using System.Globalization;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>
/// When the hash table's size was last changed in this boot, and how long that held the locks. It is on the disk before the change,
/// so that another process knows too; by the time since boot, so that a clock that is set does no harm. Not thread-safe.
/// </summary>
internal sealed class ResizeHistory
{
    private readonly StateDirectory _state;
    private readonly string _bootId;
    private readonly string _procPath;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private Resize? _last;
    private Resize? _before;

    /// <summary>Reads the directory's resize.json.</summary>
    /// <param name="state">The directory.</param>
    /// <param name="bootId">This boot's id.</param>
    /// <param name="procPath">Where procfs is mounted, for the time since boot.</param>
    /// <param name="time">For waits, by its monotonic clock.</param>
    public ResizeHistory(StateDirectory state, string bootId, string procPath, TimeProvider time)
    {
        _state = state;
        _bootId = bootId;
        _procPath = procPath;
        _time = time;
        _startedAt = time.GetTimestamp();

        // A file that can't be read costs one resize too early at most: no reason to stop.
        if (TryRead() is { } file && bootId.Length > 0 && file.BootId == bootId)
        {
            var ago = file.UptimeMilliseconds is { } then && Uptime() is { } now ? Math.Max(0, now - then) : 0;
            _last = new Resize(
                RehashCost.Of(file.Entries, file.Buckets), _startedAt, TimeSpan.FromMilliseconds(Math.Min(ago, int.MaxValue)));
        }
    }

    /// <summary>What the last change cost; null: none is known in this boot.</summary>
    public TimeSpan? LastCost => _last?.Cost;

    /// <summary>How long ago it was; null: none is known in this boot.</summary>
    /// <param name="now">The timestamp.</param>
    public TimeSpan? SinceLast(long now) => _last is { } last ? last.Before + _time.GetElapsedTime(last.At, now) : null;

    /// <summary>The size is about to be changed.</summary>
    /// <param name="entries">Entries that are rehashed.</param>
    /// <param name="buckets">Buckets that there are.</param>
    /// <param name="now">The timestamp.</param>
    public void Begin(long entries, long buckets, long now)
    {
        _before = _last;
        _last = new Resize(RehashCost.Of(entries, buckets), now, TimeSpan.Zero);
        Write(new ResizeFile { BootId = _bootId, UptimeMilliseconds = Uptime(), Entries = entries, Buckets = buckets });
    }

    /// <summary>It was not changed after all.</summary>
    public void Undo()
    {
        _last = _before;
        Write(null);
    }

    private ResizeFile? TryRead()
    {
        try
        {
            return AtomicFile.Read(_state.ResizeFile, EngineJson.Default.ResizeFile, setAside: false, out _);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Write(ResizeFile? file)
    {
        try
        {
            _state.EnsureHeld();
            if (file is null)
            {
                AtomicFile.Delete(_state.ResizeFile);
            }
            else
            {
                AtomicFile.Write(_state.ResizeFile, file, EngineJson.Default.ResizeFile);
            }
        }
        catch (IOException e) when (e is not StateDirectoryBusyException)
        {
            // This process knows it. A full disk is no reason to keep a table small.
        }
    }

    // "350735.47 234388.90": seconds since boot, time asleep included; man 5 proc_uptime.
    private long? Uptime()
    {
        try
        {
            var text = File.ReadAllText(_procPath + "/uptime");
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            return decimal.TryParse(
                end < 0 ? text : text[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                && seconds < int.MaxValue ? (long)(seconds * 1000) : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }

    /// <param name="Cost">For how long the locks were held.</param>
    /// <param name="At">A timestamp.</param>
    /// <param name="Before">How long before that it was.</param>
    private readonly record struct Resize(TimeSpan Cost, long At, TimeSpan Before);
}
