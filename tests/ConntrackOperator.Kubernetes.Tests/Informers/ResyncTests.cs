using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.Informers;

public sealed class ResyncTests
{
    [Fact]
    public async Task Everything_comes_up_once_a_period_spread_over_it()
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<string>(null, time);
        using var stop = new CancellationTokenSource();
        var store = new ObjectStore<Widget>();
        store.Swap(Enumerable.Range(0, 1000).Select(i => ObjectStoreTests.Make(i, 1, 1)), []);
        var running = Resync.RunAsync(
            store, item => item.Metadata!.Name!, queue, TimeSpan.FromMinutes(10), time, new Random(7), stop.Token);
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(1000, queue.Waiting + queue.Depth);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.InRange(queue.Depth, 400, 600);
        await stop.CancelAsync();
        await running;
    }
}
