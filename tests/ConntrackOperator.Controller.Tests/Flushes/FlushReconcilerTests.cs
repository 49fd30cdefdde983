using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Controller.Tests.Flushes;

public sealed class FlushReconcilerTests
{
    [Theory]
    [InlineData(5000, "Running")]
    [InlineData(5001, "Failed")]
    public async Task Flush_over_more_nodes_than_its_status_can_list_says_so_at_once(int nodes, string phase)
    {
        using var server = new FakeApiServer(TestCluster.Kinds);
        for (var i = 0; i < nodes; i++)
        {
            server.Put(ResourceType.Node, $$"""{"metadata":{"name":"n{{i:0000}}"} }""");
            server.Put(ResourceType.ConntrackNode, $$"""{"metadata":{"name":"n{{i:0000}}"},"spec":{"settings":[]} }""");
        }

        server.Put(ResourceType.ConntrackFlush, """{"metadata":{"name":"all"},"spec":{"nodeSelector":{},"match":{"all":true}}}""");
        var api = server.CreateClient();
        using var metrics = new ControllerMetrics("test");
        var context = new ControllerContext(api, new(), metrics, NullLogger.Instance, TimeProvider.System);
        var cluster = context.Cluster;
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(cluster.Parts.Select(part => part.Run(stop.Token)));
        await cluster.WaitForSyncAsync(TestCluster.Token);
        var reconciler = new FlushReconciler(context);
        await reconciler.ReconcileAsync("all", TestCluster.Token);
        var status = server.Get(ResourceType.ConntrackFlush, "all")!["status"]!;
        Assert.Equal(phase, status["phase"]!.GetValue<string>());
        Assert.Equal(phase == "Running" ? 5000 : null, status["nodeNames"]?.AsArray().Count);
        if (phase == "Failed")
        {
            var condition = status["conditions"]!.AsArray().Single(c => c!["type"]!.GetValue<string>() == "Failed")!;
            Assert.Equal("TooManyNodes", condition["reason"]!.GetValue<string>());
            Assert.Contains(
                "matches 5001 nodes that have an agent, and a flush is for 5000 at most", condition["message"]!.GetValue<string>(),
                StringComparison.Ordinal);
        }

        await stop.CancelAsync();
        await running;
    }
}
