using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>The controller against the fake API server, which lets anything into the store and counts what is asked of it.</summary>
public sealed class AgainstTheFakeApiServerTests : ControllerBehaviour
{
    private const string User = "controller";

    private readonly FakeApiServer _server = new(TestCluster.Kinds);

    public AgainstTheFakeApiServerTests() => _server.AddUser(User, User);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Invalid_policy_that_got_into_the_store_is_stalled_and_planned_nowhere()
    {
        await Cluster.CreateNodeAsync("n1");
        _server.Put(
            ResourceType.ConntrackPolicy,
            """{"metadata":{"name":"bad"},"spec":{"table":{"size":{"entries":5}},"timeouts":{"tcp":{"established":"24h"}}}}""");
        await Until(
            () => Cluster.Condition("bad", "Stalled") == "True Invalid" && Cluster.Condition("bad", "Ready") == "False Invalid",
            "it is stalled");
        Assert.Contains(
            "table.size.entries", Cluster.Policy("bad")!.Status!.Conditions!.Find(c => c.Type == "Stalled")!.Message,
            StringComparison.Ordinal);
        Assert.Equal("False Invalid", Cluster.Condition("bad", "Reconciling"));
        Assert.Equal(1, Cluster.Policy("bad")!.Status!.ObservedGeneration);
        Assert.Empty(Cluster.Plans);
        // An empty list of terms is refused by the server: without a valid policy there are no agents at all.
        Assert.Null(Cluster.DaemonSet());
        await Cluster.ApplyAsync("good", """{"timeouts":{"tcp":{"timeWait":"60s"}}}""");
        await Until(() => Cluster.IsReady("good") && Cluster.Planned("n1", TimeWait) == 60, "others are planned all the same");
        Assert.Null(Cluster.Planned("n1", Established));
    }

    [Fact]
    public async Task Policy_in_force_that_becomes_invalid_is_taken_out_of_the_plans()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        _server.Merge(ResourceType.ConntrackPolicy, "p", """{"spec":{"timeouts":{"tcp":{"established":"soon"}}}}""");
        await Until(
            () => Cluster.Condition("p", "Stalled") == "True Invalid" && Cluster.Plan("n1") is null, "it is stalled and the node restored");
        await Until(() => Cluster.DaemonSet() is null, "and the agents are gone");
    }

    [Fact]
    public async Task What_a_node_says_is_cut_before_it_goes_into_the_status_of_a_policy_or_an_event()
    {
        // As with the CRDs of before, which had no bounds.
        await Cluster.CreateNodeAsync("honest");
        await Cluster.CreateNodeAsync("liar");
        Fleet.Outcome = (node, setting) => node != "liar" ? null : new SettingStatus
        {
            Name = setting.Name,
            Policy = setting.Policy,
            State = SettingState.Failed,
            Message = "\u001b[2J" + new string('x', 40_000),
        };
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.Condition("p", "Ready") == "False NodesFailed", "the failure is told");
        var status = Cluster.Policy("p")!.Status!;
        var failure = Assert.Single(status.Failures!);
        Assert.Equal("liar", failure.Name);
        Assert.InRange(failure.Message!.Length, 100, 512);
        Assert.All(status.Conditions!, c => Assert.InRange(c.Message!.Length, 1, 1000));
        Assert.DoesNotContain(status.Conditions!.Select(c => c.Message!).Append(failure.Message), m => m.Any(char.IsControl));
        await Cluster.MergeAsync(
            ResourceType.ConntrackNode, "liar",
            """{"status":{"settings":[{"name":"nf_conntrack_tcp_timeout_established","policy":"p","state":"ReadOnly","message":"\u001b[2J"}]} }""", "status");
        await Cluster.EventAsync("liar", "SettingFailed");
        var events = await Cluster.Api.ListAsync(ResourceType.Event, "default", new(), SimulationJson.Default.EventLine, TestCluster.Token);
        Assert.DoesNotContain(events.Items, e => e.Note!.Any(char.IsControl));
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_changes()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.DaemonSet() is not null, "the policy is ready");
        await Cluster.EventAsync("p", "Applied");
        await Controller.DisposeAsync();
        // Every node and policy comes up again and again.
        Controller = RunningController.Lead(
            ControllerClient(), RunningController.Quick with { Resync = TimeSpan.FromMilliseconds(100) }, Templates.Agent(), Log);
        await Until(
            () => _server.Requests.Count(r => r.User == User && r.Plural == "daemonsets" && r.Verb == "patch") >= 2,
            "it has looked at all");
        await Task.Delay(500, TestCluster.Token);
        _server.Requests.Clear();
        await Task.Delay(1500, TestCluster.Token);
        Assert.DoesNotContain(_server.Requests.All, IsWrite);
    }

    [Fact]
    public async Task Writes_for_300_nodes_are_one_a_node_for_an_edit_and_few_for_what_one_node_reports()
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 300), TestCluster.Token, async (i, _) => await Cluster.CreateNodeAsync($"n{i:000}"));
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == 300, "300 nodes are ready");
        await Settled();

        _server.Requests.Clear();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.ObservedGeneration == 2, "the edit has reached all");
        await Settled();
        var plans = _server.Requests.All.Where(r => IsWrite(r) && r.Plural == "conntracknodes").ToList();
        Assert.Equal(300, plans.Count);
        Assert.Equal(300, plans.Select(r => r.Name).Distinct().Count());
        // Coalesced: not one for each of 300 plans and 300 reports.
        Assert.InRange(_server.Requests.Count(r => IsWrite(r) && r.Plural == "conntrackpolicies"), 1, 60);

        _server.Requests.Clear();
        Fleet.Use("n150", 60);
        await Until(() => Cluster.Policy("p")!.Status!.Hottest == "n150 60%", "the hottest node shows");
        await Settled();
        Assert.Equal(1, _server.Requests.Count(IsWrite));

        _server.Requests.Clear();
        for (var percent = 20; percent < 60; percent++)
        {
            Fleet.Use("n007", percent);
            await Task.Delay(10, TestCluster.Token);
        }

        await Until(() => Cluster.Policy("p")!.Status!.HottestNodes is [_, { Name: "n007", Percent: 59 }, ..], "the last usage shows");
        await Settled();
        // 40 reports in half a second or more, and a write of usage every 200 ms.
        Assert.InRange(_server.Requests.Count(IsWrite), 1, 20);
        Assert.DoesNotContain(_server.Requests.All, r => IsWrite(r) && r.Plural != "conntrackpolicies");
    }

    [Fact]
    public async Task Node_whose_plan_can_not_be_written_does_not_hold_up_the_others_nor_count_as_ready()
    {
        await Cluster.CreateNodeAsync("bad");
        await Cluster.CreateNodeAsync("good");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "both are ready");
        _server.Faults.Add(
            r => r.User == User && r.Verb == "patch" && r.Name == "bad", int.MaxValue, TestKit.Faults.FaultAction.Answer(500));
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.Planned("good", Established) == 3600, "the other is planned");
        await Until(() => Cluster.Policy("p")!.Status is { ObservedGeneration: 2, Nodes: { Ready: 1, Updating: 1 } }, "and counted");
        Assert.Equal("False Updating", Cluster.Condition("p", "Ready"));
        _server.Faults.Clear();
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("bad", Established) == 3600, "it gets its plan in the end");
    }

    [Fact]
    public async Task New_generation_is_never_called_ready_before_the_nodes_hold_it()
    {
        foreach (var i in Enumerable.Range(0, 20))
        {
            await Cluster.CreateNodeAsync($"n{i}");
        }

        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"100s"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        for (var seconds = 101; seconds < 111; seconds++)
        {
            // Reports that come in meanwhile are what made the status be looked at too early.
            Fleet.Use("n3", seconds % 50);
            await Cluster.ApplyAsync("p", $$"""{"timeouts":{"tcp":{"established":"{{seconds}}s"} } }""");
            var generation = seconds - 99;
            await Until(() => IsCalledReady(generation), "it is called ready");
            Assert.All(_server.All(ResourceType.ConntrackNode), item =>
            {
                Assert.Equal(seconds, item["spec"]!["settings"]![0]!["value"]!.GetValue<long>());
                Assert.Equal(item["metadata"]!["generation"]!.GetValue<long>(), item["status"]!["observedGeneration"]!.GetValue<long>());
            });
        }
    }

    [Fact]
    public async Task Policy_that_nothing_was_done_to_keeps_its_conditions_while_another_is_planned()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        await Settled();
        _server.Requests.Clear();
        await Cluster.ApplyAsync("q", """{"nodeSelector":{"matchLabels":{"pool":"none"}},"timeouts":{"tcp":{"timeWait":"60s"}}}""");
        await Until(() => Cluster.Condition("q", "Ready") == "True NoNodes", "the other is planned");
        await Settled();
        Assert.DoesNotContain(_server.Requests.All, r => IsWrite(r) && r.Name is "p" or "n1");
    }

    [Fact]
    public async Task Reported_status_that_a_stale_watch_hides_is_not_lost()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        await Controller.DisposeAsync();
        // Its policy watch is open, and nothing ever comes: it does not see its own writes.
        _server.Faults.Add(
            r => r.User == User && r.Verb == "watch" && r.Plural == "conntrackpolicies", 1, TestKit.Faults.FaultAction.MuteWatch());
        Controller = Start();
        foreach (var percent in new[] { 50, 10, 80, 10 })
        {
            Fleet.Use("n1", percent);
            await Until(() => Cluster.Policy("p")!.Status!.Hottest == $"n1 {percent}%", $"{percent} % shows");
        }
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(_server.CreateClient());

    protected override ApiClient ControllerClient() => new ServerConnection { Server = _server.BaseAddress, Token = User }.Connect();

    private static bool IsWrite(RequestRecord request) => request is { User: User, Verb: "create" or "update" or "patch" or "delete" };

    private bool IsCalledReady(int generation) =>
        _server.Get(ResourceType.ConntrackPolicy, "p")!["status"]!["conditions"]!.AsArray().Any(c =>
            c!["type"]!.GetValue<string>() == "Ready" && c["status"]!.GetValue<string>() == "True"
                && c["observedGeneration"]!.GetValue<int>() == generation);

    /// <summary>Waits until half a second has passed without a write.</summary>
    private async Task Settled()
    {
        for (var before = -1; before != _server.Requests.Writes;)
        {
            before = _server.Requests.Writes;
            await Task.Delay(500, TestCluster.Token);
        }
    }
}
