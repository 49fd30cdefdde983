using System.Collections.Concurrent;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.Sockets;

public sealed class ConnectionLossTests
{
    [Fact]
    public async Task Proxy_that_cuts_idle_connections_costs_neither_a_list_nor_an_event()
    {
        using var server = new FakeApiServer([Widget.Resource]);
        using var proxy = new IdleCuttingProxy(server.BaseAddress, TimeSpan.FromMilliseconds(150));
        var changes = new ConcurrentQueue<string>();
        var client = new ServerConnection { Server = proxy.Address, Token = server.Token }.Connect();
        var watcher = new Informer<Widget>(
            client, Widget.Type, WidgetJson.Default.Widget,
            new() { MinBackOff = TimeSpan.FromMilliseconds(20), MaxBackOff = TimeSpan.FromMilliseconds(50) });
        watcher.Changed += change => changes.Enqueue($"{change.Kind} {change.Key}");
        using var stop = new CancellationTokenSource();
        var running = watcher.RunAsync(stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 5; i++)
        {
            var cut = proxy.Cut;
            await Eventually.UntilAsync(() => proxy.Cut > cut, "an idle connection is cut");
            server.Put(Widget.Type, $$"""{"metadata":{"name":"w{{i}}"} }""");
            await Eventually.UntilAsync(() => changes.Count == i + 1, "the change arrives");
        }

        Assert.Equal(["Added w0", "Added w1", "Added w2", "Added w3", "Added w4"], changes);
        Assert.Equal(1, watcher.Lists);
        Assert.True(watcher.Watches >= 5);
        // A write after a pause finds its pooled connection cut.
        for (var i = 0; i < 5; i++)
        {
            var cut = proxy.Cut;
            await Eventually.UntilAsync(() => proxy.Cut > cut, "an idle connection is cut");
            Assert.Equal(
                "w0",
                (await client.GetAsync(
                    Widget.Type, null, "w0", WidgetJson.Default.Widget, TestContext.Current.CancellationToken)).Metadata!.Name);
        }

        await stop.CancelAsync();
        await running;
    }
}
