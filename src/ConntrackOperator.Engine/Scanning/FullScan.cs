namespace ConntrackOperator.Engine.Scanning;

/// <summary>
/// Looks at every entry now and then, on a thread beside the loop, which goes on enforcing. How often follows from what it costs.
/// One loop drives it; <see cref="Interrupt"/> may be called from any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="random">For jitter.</param>
/// <param name="cost">CPU time that the calling thread has taken since it began.</param>
/// <param name="begin">Starts a thread; null: as it is. A test has some that don't start.</param>
internal sealed class FullScan(TimeProvider time, Random random, Func<TimeSpan> cost, Action<Thread>? begin = null) : IDisposable
{
    /// <summary>The least time between two: what fills a table is told by samples meanwhile.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The most: a table that would be counted less often within the budget (some millions of entries) is not counted at all.
    /// </summary>
    public static readonly TimeSpan Most = TimeSpan.FromHours(1);

    // A scan ends within one datagram of the kernel's, which takes less than a millisecond unless all of the table is locked.
    private static readonly TimeSpan _untilStopped = TimeSpan.FromSeconds(1);

    private const int StackBytes = 256 * 1024;

    private readonly Lock _lock = new();
    private Run? _run;
    private long _ended = time.GetTimestamp();
    private TimeSpan _pause = Least * (1 + (random.NextDouble() / 2));
    private double? _secondsPerEntry;

    /// <summary>Whether one runs, or has ended and was not taken yet.</summary>
    public bool IsRunning => _run is not null;

    /// <summary>The least time from the end of one to the next.</summary>
    public TimeSpan Pause => _pause;

    /// <summary>
    /// The time between two so that they take a given share of a core, within <see cref="Least"/> and <see cref="Most"/>. Pure.
    /// </summary>
    /// <param name="cost">CPU time of one.</param>
    /// <param name="share">The share of a core that may go into them, over 0.</param>
    /// <returns>Null when it would be more than <see cref="Most"/>.</returns>
    internal static TimeSpan? Spacing(TimeSpan cost, double share) =>
        cost / share is var spacing && spacing > Most ? null : spacing < Least ? Least : spacing;

    /// <summary>Whether one should begin.</summary>
    /// <param name="entries">Entries of the table.</param>
    /// <param name="secondsPerEntry">What an entry of a sample cost, in seconds; until one of these has told.</param>
    /// <param name="share">The share of a core that may go into them.</param>
    public bool IsDue(long entries, double secondsPerEntry, double share) =>
        _run is null && time.GetElapsedTime(_ended) >= _pause
        && Spacing(TimeSpan.FromSeconds((_secondsPerEntry ?? secondsPerEntry) * entries), share) is not null;

    /// <summary>Begins one. The thread is in the network namespace of the calling thread.</summary>
    /// <param name="count">Counts.</param>
    /// <returns>Null when it has begun; else why the thread can't be made. Then the next one is due after another pause.</returns>
    public string? Start(Func<CancellationToken, TableLook?> count)
    {
        var run = new Run();
        var thread = new Thread(() => run.Count(count, cost), StackBytes) { IsBackground = true, Name = "full scan" };
        try
        {
            // Whoever interrupts meanwhile waits until there is something to interrupt.
            lock (_lock)
            {
                (begin ?? (t => t.Start()))(thread);
                _run = run;
            }

            return null;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // So the runtime calls it when the machine or the container allows no more threads.
            run.Dispose();
            _ended = time.GetTimestamp();
            return e.Message;
        }
    }

    /// <summary>Takes what the one that ended has seen.</summary>
    /// <param name="share">The share of a core that may go into them: the next one is due accordingly.</param>
    /// <param name="look">What it saw; null when it was interrupted, failed, or the table was resized meanwhile.</param>
    /// <param name="problem">Why it failed; null when it did not.</param>
    /// <returns>False while it still runs, or when none was begun.</returns>
    public bool TryTake(double share, out TableLook? look, out string? problem)
    {
        (look, problem) = (null, null);
        if (_run is not { IsOver: true } run)
        {
            return false;
        }

        lock (_lock)
        {
            _run = null;
        }

        run.Dispose();
        (look, problem) = (run.Look, run.Problem);
        if (look?.Breakdown is { Sampled: > 0 and var entries })
        {
            _secondsPerEntry = run.Cost.TotalSeconds / entries;
        }

        _ended = time.GetTimestamp();
        _pause = (Spacing(run.Cost, share) ?? Most) * (1 + (random.NextDouble() / 2));
        return true;
    }

    /// <summary>
    /// Ends the one that runs, and returns when it reads no more (or after a second, should the kernel hold it up for so long): nobody
    /// may read while the table is flushed or resized.
    /// </summary>
    public void Interrupt()
    {
        Run? run;
        lock (_lock)
        {
            run = _run;
        }

        run?.Stop(_untilStopped);
    }

    /// <inheritdoc />
    public void Dispose() => Interrupt();

    private sealed class Run : IDisposable
    {
        private readonly CancellationTokenSource _cancel = new();
        private readonly ManualResetEventSlim _over = new();

        public bool IsOver => _over.IsSet;

        public TableLook? Look { get; private set; }

        public string? Problem { get; private set; }

        public TimeSpan Cost { get; private set; }

        public void Count(Func<CancellationToken, TableLook?> count, Func<TimeSpan> cost)
        {
            try
            {
                Look = count(_cancel.Token);
            }
            catch (Exception e) when (e is OperationCanceledException || _cancel.IsCancellationRequested)
            {
                // Interrupted. What it read from may be closed by now, when the thread was not let run for longer than anybody waits.
            }
            catch (Exception e)
            {
                // What nobody expected ends this count, not the agent: nothing above this would catch it.
                Problem = e.Message;
            }

            try
            {
                Cost = cost();
            }
            catch (Exception e)
            {
                Problem ??= e.Message;
            }
            finally
            {
                _over.Set();
            }
        }

        public void Stop(TimeSpan patience)
        {
            try
            {
                _cancel.Cancel();
                _over.Wait(patience);
            }
            catch (ObjectDisposedException)
            {
                // It was over and has been taken.
            }
        }

        public void Dispose()
        {
            _cancel.Dispose();
            _over.Dispose();
        }
    }
}
