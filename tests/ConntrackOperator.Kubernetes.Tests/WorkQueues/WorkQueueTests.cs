using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

public sealed class WorkQueueTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Queue_never_hands_out_a_key_twice_at_once()
    {
        using var queue = new WorkQueue<string>(null, _time);
        queue.Add("a");
        Assert.Equal("a", await queue.GetAsync(Token));
        queue.Add("a");
        Assert.Equal(0, queue.Depth);
        var next = queue.GetAsync(Token).AsTask();
        Assert.False(next.IsCompleted);
        queue.Done("a");
        Assert.Equal("a", await next);
    }

    [Fact]
    public async Task Key_added_many_times_is_handed_out_once()
    {
        using var queue = new WorkQueue<string>(null, _time);
        queue.Add("a");
        queue.Add("a");
        queue.AddAfter("a", TimeSpan.FromSeconds(1));
        await queue.GetAsync(Token);
        queue.Done("a");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, queue.Depth);
        Assert.Equal(1, queue.Adds);
    }

    [Fact]
    public void Earliest_request_for_a_key_wins()
    {
        using var queue = new WorkQueue<string>(null, _time);
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(3));
        queue.AddAfter("a", TimeSpan.FromSeconds(20));
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal(0, queue.Depth);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(1, queue.Depth);
        Assert.Equal(0, queue.Waiting);
    }

    [Fact]
    public void Timer_serves_keys_that_were_added_in_any_order()
    {
        using var queue = new WorkQueue<int>(null, _time);
        foreach (var seconds in new[] { 5, 1, 4, 2, 3 })
        {
            queue.AddAfter(seconds, TimeSpan.FromSeconds(seconds));
        }

        for (var expected = 1; expected <= 5; expected++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(expected, queue.Depth);
        }
    }

    [Fact]
    public void Back_off_doubles_from_5_ms_to_1000_s_and_starts_anew_when_forgotten()
    {
        using var queue = new WorkQueue<string>(null, _time);
        var waits = Enumerable.Range(0, 25).Select(_ => queue.AddRateLimited("a").TotalMilliseconds).ToList();
        Assert.Equal([5, 10, 20, 40], waits[..4]);
        Assert.Equal(1_000_000, waits[18]);
        Assert.All(waits[18..], wait => Assert.Equal(1_000_000, wait));
        queue.Forget("a");
        Assert.Equal(5, queue.AddRateLimited("a").TotalMilliseconds);
    }

    [Fact]
    public void Failures_without_number_do_not_overflow_the_back_off() =>
        Assert.Equal(TimeSpan.FromSeconds(1000), new WorkQueueOptions().BackOff(int.MaxValue));

    [Fact]
    public async Task Shut_down_queue_sends_those_home_who_wait()
    {
        using var queue = new WorkQueue<string>(null, _time);
        var waiting = queue.GetAsync(Token).AsTask();
        queue.ShutDown();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        queue.Add("a");
        Assert.Equal(0, queue.Depth);
    }

    [Fact]
    public async Task Cancelled_wait_loses_no_key()
    {
        using var queue = new WorkQueue<string>(null, _time);
        using var cancel = new CancellationTokenSource();
        var waiting = queue.GetAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        queue.Add("a");
        Assert.Equal("a", await queue.GetAsync(Token));
    }

    [Fact]
    public void Done_for_a_key_that_nobody_works_on_is_refused()
    {
        using var queue = new WorkQueue<string>(null, _time);
        Assert.Throws<InvalidOperationException>(() => queue.Done("a"));
    }

    [Fact]
    public async Task Times_in_the_queue_and_at_work_are_told()
    {
        List<TimeSpan> queued = [];
        List<TimeSpan> worked = [];
        using var queue = new WorkQueue<string>(new() { Started = queued.Add, Finished = worked.Add }, _time);
        queue.Add("a");
        _time.Advance(TimeSpan.FromSeconds(2));
        await queue.GetAsync(Token);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), queue.LongestRunning);
        queue.Done("a");
        Assert.Equal([TimeSpan.FromSeconds(2)], queued);
        Assert.Equal([TimeSpan.FromSeconds(3)], worked);
        Assert.Equal(TimeSpan.Zero, queue.LongestRunning);
    }

    [Fact]
    public async Task Workers_in_parallel_neither_lose_a_key_nor_share_one()
    {
        using var queue = new WorkQueue<int>();
        using var stop = new CancellationTokenSource();
        var inUse = new int[8];
        var seen = new int[8];
        var wanted = new int[8];
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var key = await queue.GetAsync(stop.Token);
                    Assert.Equal(1, Interlocked.Increment(ref inUse[key]));
                    Volatile.Write(ref seen[key], Volatile.Read(ref wanted[key]));
                    await Task.Yield();
                    Interlocked.Decrement(ref inUse[key]);
                    queue.Done(key);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        })).ToList();
        Parallel.For(0, 20_000, i =>
        {
            Interlocked.Increment(ref wanted[i % 8]);
            queue.Add(i % 8);
        });
        await TestKit.Eventually.UntilAsync(() => queue.Depth == 0 && queue.Processing == 0);
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        // Whoever added a key knows that it was worked on after that.
        Assert.Equal(wanted, seen);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
