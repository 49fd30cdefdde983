using System.Diagnostics;
using ConntrackOperator.Controller;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Scale;

/// <summary>A thousand nodes with a simulated fleet: how long it takes, and how many writes.</summary>
public sealed class ThousandNodesTests(ITestOutputHelper output) : SimulatedClusterTest("controller")
{
    private const int Nodes = 1000;

    public override ValueTask InitializeAsync()
    {
        for (var i = 0; i < Nodes; i++)
        {
            Server.Put(ResourceType.Node, $$"""
                {"metadata":{"name":"node-{{i:0000}}","labels":{"pool":"{{(i % 2 == 0 ? "even" : "odd")}}"} },
                 "status":{"capacity":{"cpu":"8","memory":"32Gi"},"conditions":[{"type":"Ready","status":"True"}]} }
                """);
        }

        return base.InitializeAsync();
    }

    [Fact]
    public async Task Thousand_nodes_get_and_change_and_lose_a_plan_with_a_write_each_and_few_for_the_status()
    {
        // The gaps as they are by default: a status once a second, usage every ten.
        var options = new ControllerOptions { Namespace = TestCluster.Namespace };
        await using var controller = RunningController.Lead(
            new ServerConnection { Server = Server.BaseAddress, Token = "controller" }.Connect(), options, Templates.Agent());

        await StepAsync("create", TimeSpan.FromSeconds(20), Nodes,
            () => Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}"""),
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == Nodes);

        await StepAsync("edit", TimeSpan.FromSeconds(20), Nodes,
            () => Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}"""),
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.ObservedGeneration == 2);
        Assert.All(Cluster.Plans, p => Assert.Equal(3600, Assert.Single(p.Spec!.Settings!).Value));

        await StepAsync("second policy for half of them", TimeSpan.FromSeconds(20), Nodes / 2,
            () =>
                Cluster.ApplyAsync(
                    "q", """{"priority":5,"nodeSelector":{"matchLabels":{"pool":"even"}},"timeouts":{"tcp":{"established":"2h"}}}"""),
            () => Cluster.IsReady("q") && Cluster.IsReady("p") && Cluster.Policy("q")!.Status!.Nodes!.Ready == Nodes / 2);

        await StepAsync("one node reports", TimeSpan.FromSeconds(15), 0,
            () =>
            {
                Fleet.Use("node-0501", 70);
                return Task.CompletedTask;
            },
            () => Cluster.Policy("p")!.Status!.Hottest == "node-0501 70%");

        await StepAsync("every node reports", TimeSpan.FromSeconds(30), 0,
            () =>
            {
                for (var i = 0; i < Nodes; i++)
                {
                    Fleet.Use($"node-{i:0000}", 40 + (i % 20));
                }

                return Task.CompletedTask;
            },
            () => Cluster.Policy("p")!.Status!.Usage!.Entries == Nodes / 20L * Enumerable.Range(40, 20).Sum() * 1000);

        await StepAsync("delete all", TimeSpan.FromSeconds(30), (Nodes / 2 * 2) + Nodes + Nodes,
            async () =>
            {
                await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "q");
                await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
            },
            () => !Cluster.Plans.Any() && Cluster.Policy("p") is null && Cluster.Policy("q") is null && Cluster.DaemonSet() is null);
    }

    [Fact]
    public async Task Thousand_nodes_are_changed_a_tenth_at_once_with_a_write_each()
    {
        var options = new ControllerOptions { Namespace = TestCluster.Namespace };
        await using var controller = RunningController.Lead(
            new ServerConnection { Server = Server.BaseAddress, Token = "controller" }.Connect(), options, Templates.Agent());
        var most = new ChangingNodes(Cluster);

        // An object on which the agent reports first, and then the settings.
        await StepAsync("first plan, a tenth at once", TimeSpan.FromSeconds(40), 2 * Nodes,
            () => Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}},"rollout":{"maxUnavailable":"10%"}}"""),
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == Nodes);
        Assert.InRange(most.TakeMost(), 1, Nodes / 10);

        await StepAsync("edit, a tenth at once", TimeSpan.FromSeconds(40), Nodes,
            () => Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":"10%"}}"""),
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.ObservedGeneration == 2);
        Assert.InRange(most.TakeMost(), 1, Nodes / 10);

        await StepAsync("edit, one at once", TimeSpan.FromSeconds(60), Nodes,
            () => Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"2h"}},"rollout":{"maxUnavailable":1}}"""),
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.ObservedGeneration == 3);
        Assert.Equal(1, most.TakeMost());

        await StepAsync("delete", TimeSpan.FromSeconds(30), 2 * Nodes,
            () => Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p"),
            () => !Cluster.Plans.Any() && Cluster.Policy("p") is null && Cluster.DaemonSet() is null);
    }

    /// <summary>
    /// One step: done within a time, with at most so many writes to plans, and with writes to a policy's status by the second and not by
    /// the node.
    /// </summary>
    private async Task StepAsync(string what, TimeSpan limit, int plans, Func<Task> act, Func<bool> done)
    {
        Server.Requests.Clear();
        var watch = Stopwatch.StartNew();
        await act();
        while (!done())
        {
            // The limits are for a machine that does this alone; one that is busy with a lot else gets more.
            Assert.True(watch.Elapsed < limit * 6, $"{what}: not done within {limit.TotalSeconds * 6} s");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        var elapsed = watch.Elapsed;
        var writes = Server.Requests.All.Where(r => r is { User: "controller", Verb: "create" or "update" or "patch" or "delete" })
            .ToList();
        var planned = writes.Count(r => r.Plural == "conntracknodes");
        var statuses = writes.Count(r => r.Plural == "conntrackpolicies");
        output.WriteLine(
            $"{what}: {elapsed.TotalSeconds:0.0} s, {planned} writes to plans, {statuses} to policies, "
                + $"{writes.Count - planned - statuses} others");
        Assert.InRange(planned, 0, plans);
        Assert.InRange(statuses, 1, 8 + (int)(2 * elapsed.TotalSeconds));
    }
}
