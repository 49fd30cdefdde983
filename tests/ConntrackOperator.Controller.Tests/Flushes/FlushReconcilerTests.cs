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

    [Theory]
    [InlineData("n1", "node n1 has no agent: only nodes that a ConntrackPolicy selects have one")]
    [InlineData("n2", "there is no node n2")]
    public async Task Flush_for_a_node_without_an_agent_says_whether_there_is_such_a_node(string node, string expected)
    {
        using var server = new FakeApiServer(TestCluster.Kinds);
        server.Put(ResourceType.Node, """{"metadata":{"name":"n1"} }""");
        server.Put(
            ResourceType.ConntrackFlush, $$"""{"metadata":{"name":"one"},"spec":{"nodeName":"{{node}}","match":{"all":true} } }""");
        using var metrics = new ControllerMetrics("test");
        var context = new ControllerContext(server.CreateClient(), new(), metrics, NullLogger.Instance, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(context.Cluster.Parts.Select(part => part.Run(stop.Token)));
        await context.Cluster.WaitForSyncAsync(TestCluster.Token);
        await new FlushReconciler(context).ReconcileAsync("one", TestCluster.Token);
        var condition = server.Get(ResourceType.ConntrackFlush, "one")!["status"]!["conditions"]!.AsArray()
            .Single(c => c!["type"]!.GetValue<string>() == "Failed")!;
        Assert.Equal(("NoAgent", expected), (condition["reason"]!.GetValue<string>(), condition["message"]!.GetValue<string>()));
        await stop.CancelAsync();
        await running;
    }
}
