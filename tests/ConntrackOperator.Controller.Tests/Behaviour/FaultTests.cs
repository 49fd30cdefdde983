using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>Whatever the API server and the network do, the cluster ends up as the policies say, and nothing is applied twice.</summary>
public sealed class FaultTests() : SimulatedClusterTest(User)
{
    private const string User = "controller";
    private const string Established = "nf_conntrack_tcp_timeout_established";

    [Theory]
    [InlineData("patch", "409")]
    [InlineData("patch", "429")]
    [InlineData("patch", "500")]
    [InlineData("patch", "404")]
    [InlineData("patch", "cut")]
    [InlineData("patch", "cut answer")]
    [InlineData("delete", "409")]
    [InlineData("delete", "429")]
    [InlineData("delete", "500")]
    [InlineData("delete", "cut")]
    [InlineData("delete", "cut answer")]
    [InlineData("create", "409")]
    [InlineData("create", "500")]
    [InlineData("create", "cut answer")]
    [InlineData("list", "410")]
    [InlineData("list", "429")]
    [InlineData("list", "500")]
    [InlineData("list", "cut")]
    [InlineData("watch", "410")]
    [InlineData("watch", "500")]
    [InlineData("watch", "cut")]
    [InlineData("watch", "expire")]
    [InlineData("watch", "cut in mid-event")]
    [InlineData("watch", "end")]
    public async Task Policy_lives_its_life_through_two_of(string verb, string fault)
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2", "pool=edge");
        // Two for each kind: once is met by the first try, and again by the second.
        foreach (var plural in new[] { "conntrackpolicies", "conntracknodes", "daemonsets", "nodes" })
        {
            Server.Faults.Add(r => r.User == User && r.Verb == verb && r.Plural == plural, 2, Fault(fault));
        }

        var log = new ListLog();
        await using var controller = Start(log);
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Cluster.IsReady("p") && Cluster.Planned("n1", Established) == 86400 && Cluster.DaemonSet() is not null, "it is ready");
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(
            () => Cluster.IsReady("p") && Cluster.Planned("n2", Established) == 3600 && Cluster.Plan("n1") is null, "the edit is in force");
        Assert.Equal(2, Cluster.Plan("n2")!.Metadata!.Generation);
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Policy("p") is null && !Cluster.Plans.Any() && Cluster.DaemonSet() is null, "all is gone");
        Assert.False(controller.Ended.IsCompleted);
    }

    [Theory]
    [InlineData("patch", "409")]
    [InlineData("patch", "500")]
    [InlineData("patch", "cut")]
    [InlineData("patch", "cut answer")]
    [InlineData("list", "410")]
    [InlineData("watch", "410")]
    [InlineData("watch", "expire")]
    [InlineData("watch", "cut in mid-event")]
    public async Task Rollout_keeps_to_its_number_of_nodes_and_ends_through_four_of(string verb, string fault)
    {
        foreach (var i in Enumerable.Range(0, 12))
        {
            await Cluster.CreateNodeAsync($"n{i:00}");
        }

        var most = new ChangingNodes(Cluster);
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}},"rollout":{"maxUnavailable":3}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        Assert.InRange(most.TakeMost(), 1, 3);
        Server.Faults.Add(r => r.User == User && r.Verb == verb && r.Plural == "conntracknodes", 4, Fault(fault));
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":3}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Metadata!.Generation == 2, "the edit is in force");
        await Until(() => Cluster.Plans.Count(p => p.Spec!.Settings![0].Value == 3600) == 12, "every node has it");
        Assert.InRange(most.TakeMost(), 1, 3);
    }

    [Fact]
    public async Task Rollout_keeps_to_its_number_of_nodes_through_controllers_that_are_killed()
    {
        foreach (var i in Enumerable.Range(0, 20))
        {
            await Cluster.CreateNodeAsync($"n{i:00}");
        }

        var most = new ChangingNodes(Cluster);
        var random = new Random(11);
        for (var round = 0; round < 15; round++)
        {
            using var connection = new KillableConnection(Server.BaseAddress, User);
            await using var controller = RunningController.Lead(connection.Client, null, Templates.Agent());
            if (round % 4 == 0)
            {
                await Cluster.ApplyAsync(
                    "p", $$"""{"timeouts":{"tcp":{"established":"{{100 + round}}s"} },"rollout":{"maxUnavailable":"15%"} }""");
            }

            await Task.Delay(random.Next(250), TestCluster.Token);
            connection.Kill();
        }

        await using var last = Start();
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == 20, "it is ready");
        await Until(() => Cluster.Plans.Count(p => p.Spec!.Settings![0].Value == 112) == 20, "every node has the last plan");
        Assert.InRange(most.TakeMost(), 1, 3);
    }

    [Fact]
    public async Task Server_that_goes_away_comes_back_to_a_controller_that_takes_up_where_it_was()
    {
        await using var controller = Start();
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        Server.Stop();
        await Task.Delay(700, TestCluster.Token);
        Server.Start();
        Server.Merge(ResourceType.ConntrackPolicy, "p", """{"spec":{"timeouts":{"tcp":{"established":"1h"}}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Established) == 3600, "the edit is in force");
        Assert.Equal(2, Cluster.Plan("n1")!.Metadata!.Generation);
    }

    [Fact]
    public async Task Deletions_that_happen_while_nobody_can_watch_are_not_lost()
    {
        await using var controller = Start();
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == 2, "both nodes are ready");
        Server.Stop();
        Server.Delete(ResourceType.Node, "n1");
        Server.Delete(ResourceType.ConntrackNode, "n2");
        Server.Delete(ResourceType.DaemonSet, "conntrack-agent", TestCluster.Namespace);
        // What was deleted is not in any log that a watch could be resumed from.
        Server.Compact();
        Server.Start();
        await Until(
            () => Cluster.Plan("n1") is null && Cluster.Planned("n2", Established) == 86400 && Cluster.DaemonSet() is not null,
            "the plans are as they have to be");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Selected == 1, "and the counts");
    }

    [Fact]
    public async Task Controller_killed_at_any_moment_leaves_nothing_that_the_next_one_does_not_finish()
    {
        foreach (var i in Enumerable.Range(0, 12))
        {
            await Cluster.CreateNodeAsync($"n{i:00}", i % 2 == 0 ? "pool=even" : "pool=odd");
        }

        var random = new Random(7);
        for (var round = 0; round < 12; round++)
        {
            using var connection = new KillableConnection(Server.BaseAddress, User);
            await using var controller = RunningController.Lead(connection.Client, null, Templates.Agent());
            var seconds = 100 + round;
            await Cluster.ApplyAsync(
                "even", $$"""{"nodeSelector":{"matchLabels":{"pool":"even"} },"timeouts":{"tcp":{"established":"{{seconds}}s"} } }""");
            if (round % 3 == 0)
            {
                await Cluster.ApplyAsync(
                    "odd", """{"nodeSelector":{"matchLabels":{"pool":"odd"}},"timeouts":{"tcp":{"established":"1h"}}}""");
            }
            else if (round % 3 == 1 && Server.Get(ResourceType.ConntrackPolicy, "odd") is not null)
            {
                Server.Delete(ResourceType.ConntrackPolicy, "odd");
            }

            await Task.Delay(random.Next(60), TestCluster.Token);
            // From here on nothing that it does reaches the server: as good as SIGKILL.
            connection.Kill();
        }

        await using var last = Start();
        await Until(() => Cluster.IsReady("even") && Cluster.Policy("even")!.Status!.Nodes!.Ready == 6, "the policy is ready");
        await Until(
            () => Cluster.Plans.Count(p => p.Spec!.Settings!.Exists(s => s is { Policy: "even", Value: 111 })) == 6,
            "its nodes have the last plan");
        await Until(() => Cluster.Policy("odd") is null && Cluster.Plans.Count() == 6, "nothing is left of the other");
        // A write that was on its way when its controller died may come after the next one's: the next one sees that and writes
        // once more. Nothing else may be written twice.
        Assert.All(Cluster.Plans, p => Assert.InRange(p.Metadata!.Generation!.Value, 1, 12 + 11));
    }

    private static FaultAction Fault(string name) => name switch
    {
        "409" => FaultAction.Answer(409, "Conflict"),
        "404" => FaultAction.Answer(404, "NotFound"),
        "410" => FaultAction.Answer(410, "Expired"),
        "429" => FaultAction.Answer(429, "TooManyRequests"),
        "500" => FaultAction.Answer(500, "InternalError"),
        "cut" => FaultAction.Cut(),
        "cut answer" => FaultAction.CutAnswer(),
        "expire" => FaultAction.ExpireWatch(1),
        "cut in mid-event" => FaultAction.CutWatch(1),
        "end" => FaultAction.EndWatch(1),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such fault"),
    };

    private static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    private RunningController Start(ListLog? log = null) =>
        RunningController.Lead(new ServerConnection { Server = Server.BaseAddress, Token = User }.Connect(), null, Templates.Agent(), log);
}
