using System.Collections.Concurrent;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

public sealed class ReconcilerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;
    private readonly RecordedLog _log = new();
    private readonly CancellationTokenSource _stop = new();

    public ReconcilerTests() => _queue = new(null, _time);

    [Fact]
    public async Task Failed_key_is_tried_until_it_succeeds_however_often_that_is()
    {
        var attempts = 0;
        var running = Run((_, _) => ++attempts < 30 ? throw new InvalidOperationException("no") : Task.FromResult(ReconcileResult.Done));
        _queue.Add("a");
        await Eventually.UntilAsync(() => attempts == 30 && _queue.Processing == 0, () => _time.Advance(TimeSpan.FromSeconds(1001)));
        await StopAsync(running);
        Assert.Equal(29, _log.Warnings.Count);
        Assert.Equal(0, _queue.Failures("a"));
    }

    [Fact]
    public async Task Worker_that_breaks_outside_of_a_pass_ends_the_others_and_the_whole()
    {
        var begun = 0;
        var options = new ReconcilerOptions { Workers = 3, Reconciled = (_, succeeded) => throw new InvalidOperationException("a defect") };
        var running = new Reconciler<string>(_queue, async (key, ct) =>
        {
            Interlocked.Increment(ref begun);
            await Task.Delay(key == "a" ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, ct);
            return ReconcileResult.Done;
        }, options, _log, _time).RunAsync(_stop.Token);
        _queue.Add("b");
        await Eventually.UntilAsync(() => begun == 1);
        _queue.Add("a");
        // What is under way has the time that it has after a stop.
        await Eventually.UntilAsync(() => running.IsCompleted, () => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal("a defect", (await Assert.ThrowsAsync<InvalidOperationException>(() => running)).Message);
    }

    [Fact]
    public async Task Pass_that_has_no_memory_is_not_tried_again()
    {
        var running = Run((_, _) => throw new InsufficientMemoryException("no more"));
        _queue.Add("a");
        await Assert.ThrowsAsync<InsufficientMemoryException>(() => running);
    }

    [Fact]
    public async Task Retry_after_of_the_server_is_waited_for()
    {
        var attempts = 0;
        var running = Run((_, _) => ++attempts == 1
            ? throw new ApiException("busy", 429, retryAfter: TimeSpan.FromSeconds(7))
            : Task.FromResult(ReconcileResult.Done));
        _queue.Add("a");
        await Eventually.UntilAsync(() => _queue.Waiting == 1);
        _time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Equal(1, _queue.Waiting);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await Eventually.UntilAsync(() => attempts == 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task Conflict_is_a_quiet_requeue()
    {
        var attempts = 0;
        var running = Run(
            (_, _) => ++attempts < 3 ? throw new ApiException("conflict", 409, "Conflict") : Task.FromResult(ReconcileResult.Done));
        _queue.Add("a");
        await Eventually.UntilAsync(() => attempts == 3, () => _time.Advance(TimeSpan.FromSeconds(1)));
        await StopAsync(running);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Result_can_ask_to_be_called_again_later()
    {
        var attempts = 0;
        var running = Run(
            (_, _) => Task.FromResult(++attempts == 1 ? ReconcileResult.RequeueAfter(TimeSpan.FromMinutes(5)) : ReconcileResult.Done));
        _queue.Add("a");
        await Eventually.UntilAsync(() => _queue.Waiting == 1);
        _time.Advance(TimeSpan.FromMinutes(5));
        await Eventually.UntilAsync(() => attempts == 2);
        await StopAsync(running);
    }

    [Fact]
    public async Task Pass_that_takes_too_long_is_cancelled_and_tried_again()
    {
        var attempts = 0;
        var running = Run(async (_, ct) =>
        {
            if (++attempts == 1)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            }

            return ReconcileResult.Done;
        });
        _queue.Add("a");
        await Eventually.UntilAsync(() => attempts == 2, () => _time.Advance(TimeSpan.FromSeconds(30)));
        await StopAsync(running);
        Assert.Contains("took longer than 120 s", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_lets_work_in_progress_end_and_begins_no_more()
    {
        var release = new TaskCompletionSource();
        var done = new ConcurrentQueue<string>();
        var running = Run(async (key, _) =>
        {
            await release.Task;
            done.Enqueue(key);
            return ReconcileResult.Done;
        });
        _queue.Add("a");
        _queue.Add("b");
        await Eventually.UntilAsync(() => _queue.Processing == 1);
        await _stop.CancelAsync();
        Assert.False(running.IsCompleted);
        release.SetResult();
        await running;
        Assert.Equal(["a"], done);
    }

    [Fact]
    public async Task Work_that_does_not_end_in_time_after_the_stop_is_cancelled_and_awaited()
    {
        var cancelled = false;
        var running = Run(async (_, ct) =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            }
            finally
            {
                cancelled = true;
            }

            return ReconcileResult.Done;
        });
        _queue.Add("a");
        await Eventually.UntilAsync(() => _queue.Processing == 1);
        await _stop.CancelAsync();
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await running;
        Assert.True(cancelled);
    }

    public void Dispose()
    {
        _queue.Dispose();
        _stop.Dispose();
    }

    private Task Run(Func<string, CancellationToken, Task<ReconcileResult>> reconcile) =>
        new Reconciler<string>(_queue, reconcile, null, _log, _time).RunAsync(_stop.Token);

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running;
    }
}
