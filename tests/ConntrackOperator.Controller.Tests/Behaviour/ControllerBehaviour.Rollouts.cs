using ConntrackOperator.Api.Meta;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;

namespace ConntrackOperator.Controller.Tests.Behaviour;

public abstract partial class ControllerBehaviour
{
    [Fact]
    public async Task Rollout_changes_so_many_nodes_at_once_and_the_next_by_name_when_one_has_reported()
    {
        await ReadyAsync(5);
        Fleet.IsThere = _ => false;
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":2}}""");
        await Until(() => Changed(3600) == "n0 n1" && Cluster.Condition("p", "Reconciling") == "True RollingOut", "two are given the edit");
        await Until(() => Cluster.Policy("p")!.Status!.Nodes is { Waiting: 3, Updating: 2, Ready: 0 }, "three wait");
        Assert.Equal("False RollingOut", Cluster.Condition("p", "Ready"));
        Assert.Equal("0 of 5 nodes changed, 2 at once", Message("p", "Reconciling"));
        await Task.Delay(300, TestCluster.Token);
        Assert.Equal("n0 n1", Changed(3600));
        Fleet.IsThere = name => name == "n1";
        Fleet.Wake("n1");
        await Until(() => Changed(3600) == "n0 n1 n2", "the next one is given it");
        Fleet.IsThere = _ => true;
        foreach (var node in new[] { "n0", "n2" })
        {
            Fleet.Wake(node);
        }

        await Until(() => Cluster.IsReady("p"), "all have it");
        Assert.Equal("n0 n1 n2 n3 n4", Changed(3600));
        Assert.Equal(0, Cluster.Policy("p")!.Status!.Nodes!.Waiting);
    }

    [Fact]
    public async Task First_plan_of_nodes_waits_for_their_agents_and_their_turn()
    {
        Fleet.IsThere = _ => false;
        await NodesAsync(3);
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":"34%"}}""");
        await Until(
            () => Cluster.Plans.Count() == 3 && Cluster.Policy("p")!.Status?.Nodes?.Waiting == 3,
            "all have an object to report on, and wait");
        Assert.Equal("", Changed(3600));
        var most = new ChangingNodes(Cluster);
        Fleet.IsThere = _ => true;
        foreach (var i in Enumerable.Range(0, 3))
        {
            Fleet.Wake($"n{i}");
        }

        await Until(() => Cluster.IsReady("p"), "all have it");
        Assert.InRange(most.TakeMost(), 1, 2);
    }

    [Fact]
    public async Task Rollout_pauses_when_a_changed_node_begins_to_drop_and_goes_on_when_it_no_longer_does()
    {
        await NodesAsync(4);
        Fleet.Use("n1", 95, drops: 3);
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Usage!.TableFullDropsPerMinute == 3, "all are ready, and one drops");
        await PauseAsync();
        await Cluster.EventAsync("p", "RolloutPaused");
        Assert.Equal("False RolloutPaused", Cluster.Condition("p", "Ready"));
        Assert.Contains("n0 dropped no packets before the change and do now", Message("p", "Reconciling"), StringComparison.Ordinal);
        Fleet.IsThere = _ => true;
        await Task.Delay(300, TestCluster.Token);
        Assert.Equal("n0", Changed(3600));

        // The next one dropped packets before: that is no reason to pause.
        Fleet.Use("n0", 20, drops: 0);
        await Until(() => Cluster.IsReady("p"), "all have it");
        Assert.Equal("n0 n1 n2 n3", Changed(3600));
        Assert.Equal(3, Cluster.Policy("p")!.Status!.Usage!.TableFullDropsPerMinute);
    }

    [Fact]
    public async Task Paused_rollout_goes_on_with_an_edit()
    {
        await ReadyAsync(3);
        await PauseAsync();
        Fleet.IsThere = _ => true;
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"2h"}},"rollout":{"maxUnavailable":1}}""");
        await Until(() => Cluster.IsReady("p") && Changed(7200) == "n0 n1 n2", "all have the edit");
    }

    [Fact]
    public async Task Paused_rollout_goes_on_when_it_is_told_not_to_mind_drops()
    {
        await ReadyAsync(3);
        await PauseAsync();
        Fleet.IsThere = _ => true;
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":1,"pauseOnDrops":false}}""");
        await Until(() => Cluster.IsReady("p") && Changed(3600) == "n0 n1 n2", "all have the edit");
    }

    [Fact]
    public async Task Deletion_of_a_policy_is_not_held_back_and_gives_back_what_the_other_sets_at_once()
    {
        await NodesAsync(4);
        await Cluster.ApplyAsync("low", """{"timeouts":{"tcp":{"established":"2h"}},"rollout":{"maxUnavailable":1}}""");
        await Cluster.ApplyAsync("p", """{"priority":7,"timeouts":{"tcp":{"established":"24h"}},"rollout":{"maxUnavailable":1}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.IsReady("low"), "both are ready");
        await PauseAsync(priority: 7);
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Changed(7200) == "n0 n1 n2 n3", "what the other one sets is back");
        Fleet.IsThere = _ => true;
        foreach (var i in Enumerable.Range(0, 4))
        {
            Fleet.Wake($"n{i}");
        }

        await Until(() => Cluster.Policy("p") is null && Cluster.IsReady("low"), "it is gone");
    }

    [Fact]
    public async Task Controller_that_starts_in_the_middle_of_a_rollout_gives_no_place_away_twice()
    {
        await ReadyAsync(6);
        Fleet.IsThere = _ => false;
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":3}}""");
        await Until(() => Changed(3600) == "n0 n1 n2", "three are given the edit");
        await Controller.DisposeAsync();
        Controller = Start();
        await Task.Delay(500, TestCluster.Token);
        Assert.Equal("n0 n1 n2", Changed(3600));
        var most = new ChangingNodes(Cluster);
        Fleet.IsThere = _ => true;
        foreach (var i in Enumerable.Range(0, 3))
        {
            Fleet.Wake($"n{i}");
        }

        await Until(() => Cluster.IsReady("p"), "all have it");
        Assert.InRange(most.TakeMost(), 1, 3);
    }

    [Fact]
    public async Task Node_that_is_not_ready_is_passed_over_and_changed_when_it_is_back()
    {
        await ReadyAsync(3);
        await Cluster.SetReadyAsync("n0", false);
        await Until(() => Cluster.Policy("p")!.Status!.Nodes!.Unreachable == 1, "one is away");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":1}}""");
        await Until(() => Changed(3600) == "n1 n2" && Cluster.Condition("p", "Ready") == "False NodesUnreachable", "the others have it");
        Assert.Equal("False Done", Cluster.Condition("p", "Reconciling"));
        await Cluster.SetReadyAsync("n0", true);
        await Until(() => Cluster.IsReady("p") && Changed(3600) == "n0 n1 n2", "it has it as well");
    }

    [Fact]
    public async Task Nodes_that_fail_keep_their_places_and_are_what_is_changed_first_after_an_edit()
    {
        await ReadyAsync(4);
        Fleet.Outcome = (_, setting) => setting.Value != 3600 ? null : new()
        {
            Name = setting.Name,
            Desired = setting.Value,
            Actual = 7,
            Policy = setting.Policy,
            State = Api.Nodes.SettingState.Failed,
            Message = "refused",
        };
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}},"rollout":{"maxUnavailable":2}}""");
        await Until(() => Cluster.Policy("p")!.Status!.Nodes is { Failed: 2, Waiting: 2 }, "two fail, two wait");
        await Until(
            () => Message("p", "Reconciling").Contains("2 that failed take every place", StringComparison.Ordinal),
            "it is told why it does not go on");
        Assert.Equal("n0 n1", Changed(3600));
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"2h"}},"rollout":{"maxUnavailable":2}}""");
        await Until(() => Cluster.IsReady("p") && Changed(7200) == "n0 n1 n2 n3", "the edit reaches all");
    }

    [Fact]
    public async Task Nodes_that_failed_with_one_policy_each_do_not_wait_for_each_others_places_and_go_one_after_the_other()
    {
        await NodesAsync(2);
        Fleet.Outcome = (node, setting) => (node, setting.Value) is not (("n0", 86400) or ("n1", 60)) ? null : new()
        {
            Name = setting.Name,
            Desired = setting.Value,
            Actual = 7,
            Policy = setting.Policy,
            State = Api.Nodes.SettingState.Failed,
            Message = "refused",
        };
        await Cluster.ApplyAsync("a", """{"priority":1,"timeouts":{"tcp":{"established":"24h"}}}""");
        await Cluster.ApplyAsync("b", """{"timeouts":{"tcp":{"timeWait":"60s"}}}""");
        await Until(() => FailsOne("a", 1) && FailsOne("b", 1), "one node fails with each of them");

        // As long as a sets it this changes nothing. Then each field goes from one to the other, and each node lacks a place.
        await Cluster.ApplyAsync("b", """{"timeouts":{"tcp":{"established":"2h","timeWait":"60s"}},"rollout":{"maxUnavailable":1}}""");
        await Until(() => FailsOne("b", 2), "it is planned");
        var most = new ChangingNodes(Cluster);
        await Cluster.ApplyAsync("a", """{"priority":1,"timeouts":{"tcp":{"timeWait":"2m"}},"rollout":{"maxUnavailable":1}}""");
        await Until(() => Cluster.IsReady("a") && Cluster.IsReady("b") && Changed(7200) == "n0 n1", "what mends them reaches both");
        Assert.Equal((120, 120), (Cluster.Planned("n0", TimeWait), Cluster.Planned("n1", TimeWait)));
        Assert.Equal(1, most.TakeMost());

        bool FailsOne(string policy, long generation) =>
            Cluster.Policy(policy)?.Status is { Nodes.Failed: 1 } status && status.ObservedGeneration == generation;
    }

    /// <summary>Nodes named n0 and so on.</summary>
    private async Task NodesAsync(int count)
    {
        foreach (var i in Enumerable.Range(0, count))
        {
            await Cluster.CreateNodeAsync($"n{i}");
        }
    }

    /// <summary>So many nodes, all in order under the policy p.</summary>
    private async Task ReadyAsync(int count)
    {
        await NodesAsync(count);
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == count, "all are ready");
    }

    /// <summary>An edit of p after which the first node drops packets.</summary>
    private async Task PauseAsync(int priority = 0)
    {
        Fleet.IsThere = _ => false;
        await Cluster.ApplyAsync(
            "p", $$"""{"priority":{{priority}},"timeouts":{"tcp":{"established":"1h"} },"rollout":{"maxUnavailable":1} }""");
        await Until(() => Changed(3600) == "n0", "the first is given the edit");
        Fleet.IsThere = name => name == "n0";
        Fleet.Use("n0", 99, drops: 12);
        await Until(() => Cluster.Condition("p", "Reconciling") == "True RolloutPaused", "the rollout pauses");
        Assert.Equal("n0", Changed(3600));
    }

    /// <summary>The nodes whose plan has this value of the time-out.</summary>
    private string Changed(long value) =>
        string.Join(
            ' ',
            Cluster.Plans.Where(p => p.Spec?.Settings?.Exists(s => s.Name == Established && s.Value == value) ?? false)
                .Select(p => p.Metadata!.Name!).Order(StringComparer.Ordinal));

    private string Message(string policy, string type) =>
        Cluster.Policy(policy)!.Status!.Conditions!.Find((Condition c) => c.Type == type)!.Message!;
}
