using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>What the controller does, asked against the fake API server and against Kubernetes' own code alike.</summary>
public abstract partial class ControllerBehaviour : IAsyncLifetime
{
    private protected const string Established = "nf_conntrack_tcp_timeout_established";
    private protected const string TimeWait = "nf_conntrack_tcp_timeout_time_wait";

    private protected TestCluster Cluster { get; private set; } = null!;

    private protected SimulatedFleet Fleet { get; private set; } = null!;

    private protected RunningController Controller { get; set; } = null!;

    private protected ListLog Log { get; } = new();

    public virtual async ValueTask InitializeAsync()
    {
        Cluster = new TestCluster(await ConnectAsync());
        Fleet = new SimulatedFleet(Cluster.Api);
        Controller = Start();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
        {
            await Controller.DisposeAsync();
            await Fleet.DisposeAsync();
            await Cluster.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Selected_nodes_get_their_plan_and_others_none()
    {
        await Cluster.CreateNodeAsync("edge-1", "pool=edge");
        await Cluster.CreateNodeAsync("edge-2", "pool=edge");
        await Cluster.CreateNodeAsync("web-1", "pool=web");
        await Cluster.CreateNodeAsync("windows-1", "pool=edge,kubernetes.io/os=windows");
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        // Nodes and policies are watched apart: a policy may be ready on the first before the second is seen.
        await Until(() => Cluster.IsReady("edge") && Cluster.Policy("edge")!.Status!.Nodes!.Selected == 2, "the policy is ready");
        Assert.Equal(["edge-1", "edge-2"], Cluster.Plans.Select(p => p.Metadata!.Name).Order());
        var plan = Cluster.Plan("edge-1")!;
        var owner = Assert.Single(plan.Metadata!.OwnerReferences!);
        var node = await Cluster.Api.GetAsync(ResourceType.Node, null, "edge-1", ClusterJson.Default.NodeObject, TestCluster.Token);
        Assert.Equal(("v1", "Node", "edge-1", node.Metadata!.Uid), (owner.ApiVersion, owner.Kind, owner.Name, owner.Uid));
        var setting = Assert.Single(plan.Spec!.Settings!);
        Assert.Equal((Established, 86400, "edge"), (setting.Name, setting.Value, setting.Policy));
        var status = Cluster.Policy("edge")!.Status!;
        Assert.Equal((2, 2, 0), (status.Nodes!.Selected, status.Nodes.Ready, status.Nodes.Failed));
        Assert.Equal((20_000, 200_000, 10), (status.Usage!.Entries, status.Usage.Limit, status.Usage.PeakPercent));
        Assert.Equal("edge-1 10%", status.Hottest);
        await Cluster.EventAsync("edge", "Applied");
    }

    [Fact]
    public async Task Edit_reaches_the_plan_and_a_field_taken_out_leaves_it()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h","timeWait":"60s"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"2h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Planned("n1", Established) == 7200, "the edit is planned and ready");
        Assert.Null(Cluster.Planned("n1", TimeWait));
        Assert.Equal(2, Cluster.Policy("p")!.Status!.ObservedGeneration);
    }

    [Fact]
    public async Task Higher_priority_wins_field_by_field_and_gives_back_when_it_goes()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("low", """{"timeouts":{"tcp":{"established":"24h","timeWait":"60s"}}}""");
        await Until(() => Cluster.IsReady("low"), "the first policy is ready");
        await Cluster.ApplyAsync("high", """{"priority":100,"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.IsReady("high") && Cluster.IsReady("low"), "both are ready");
        Assert.Equal((3600, 60), (Cluster.Planned("n1", Established), Cluster.Planned("n1", TimeWait)));
        Assert.Equal("False NoConflict", Cluster.Condition("low", "Conflict"));
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "high");
        await Until(() => Cluster.Policy("high") is null && Cluster.Planned("n1", Established) == 86400, "the lower one's value is back");
    }

    [Fact]
    public async Task Equal_priorities_keep_the_older_value_and_both_say_so()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("older", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("older"), "the first policy is ready");
        // Creation times are in whole seconds, and at the same time the name decides: older comes before younger.
        await Cluster.ApplyAsync("younger", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(
            () => Cluster.Condition("older", "Conflict") == "True EqualPriority"
                && Cluster.Condition("younger", "Conflict") == "True EqualPriority", "both say so");
        Assert.Equal(86400, Cluster.Planned("n1", Established));
        var message = Cluster.Policy("younger")!.Status!.Conditions!.Find(c => c.Type == "Conflict")!.Message!;
        Assert.Contains("timeouts.tcp.established on n1", message, StringComparison.Ordinal);
        Assert.Contains("older", message, StringComparison.Ordinal);
        await Cluster.EventAsync("younger", "Conflict");
        await Cluster.EventAsync("older", "Conflict");
        await Cluster.ApplyAsync("younger", """{"priority":1,"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(
            () => Cluster.Condition("older", "Conflict") == "False NoConflict"
                && Cluster.Condition("younger", "Conflict") == "False NoConflict", "the conflict is over");
        Assert.Equal(3600, Cluster.Planned("n1", Established));
    }

    [Fact]
    public async Task Node_that_no_policy_selects_any_more_restores_before_its_object_goes()
    {
        Fleet.Restores = _ => false;
        await Cluster.CreateNodeAsync("n1", "pool=edge");
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("edge"), "the policy is ready");
        await Cluster.MergeAsync(ResourceType.Node, "n1", """{"metadata":{"labels":{"pool":"web"}}}""");
        await Until(
            () => Cluster.Plan("n1")?.Status?.Settings?.Exists(s => s.Desired is null) == true,
            "the agent has the empty plan and does not get it done");
        await Task.Delay(300, TestCluster.Token);
        Assert.Empty(Cluster.Plan("n1")!.Spec!.Settings ?? []);
        Fleet.Restores = _ => true;
        Fleet.Wake("n1");
        await Until(() => Cluster.Plan("n1") is null, "the object is gone");
        await Until(() => Cluster.Condition("edge", "Ready") == "True NoNodes", "the policy has no node");
        Assert.Equal(0, Cluster.Policy("edge")!.Status!.Nodes!.Selected);
    }

    [Fact]
    public async Task Deleted_policy_goes_when_its_nodes_have_restored()
    {
        Fleet.Restores = _ => false;
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Condition("p", "Ready") == "False Deleting", "it says what it waits for");
        Assert.NotNull(Cluster.Policy("p"));
        Fleet.Restores = _ => true;
        Fleet.Wake("n1");
        await Until(() => Cluster.Policy("p") is null && Cluster.Plan("n1") is null, "policy and plan are gone");
        await Cluster.EventAsync("p", "Restored");
    }

    [Fact]
    public async Task Deleted_policy_that_keeps_does_not_say_that_its_nodes_have_restored()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"onDelete":"Keep","timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Policy("p") is null, "the policy is gone");
        await Cluster.EventAsync("p", "Kept");
        Assert.DoesNotContain("Restored", await Cluster.EventsAsync("p"));
    }

    [Fact]
    public async Task Deleted_policy_waits_neither_for_ever_nor_for_nodes_that_are_not_ready()
    {
        Fleet.Restores = _ => false;
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Policy("p") is null, "the policy is gone in the end");
        await Cluster.EventAsync("p", "RestoreTimedOut");
        Assert.NotNull(Cluster.Plan("n1"));

        await Cluster.SetReadyAsync("n1", false);
        await Cluster.ApplyAsync("q", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.Condition("q", "Ready") == "False NodesUnreachable", "the node counts as unreachable");
        await Until(() => Cluster.Planned("n1", Established) == 86400, "it is planned all the same");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "q");
        await Until(() => Cluster.Policy("q") is null, "the policy is gone");
        await Cluster.EventAsync("q", "Restored");
        Assert.DoesNotContain("RestoreTimedOut", await Cluster.EventsAsync("q"));
    }

    [Fact]
    public async Task Plan_of_a_deleted_node_goes_and_a_new_node_of_the_name_owns_a_new_one()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        var before = Cluster.Plan("n2")!.Metadata!;
        await Cluster.DeleteAsync(ResourceType.Node, "n2");
        await Until(() => Cluster.Plan("n2") is null && Cluster.Policy("p")!.Status!.Nodes!.Selected == 1, "plan and count are gone");
        await Cluster.CreateNodeAsync("n2");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Selected == 2, "the new node is ready");
        Assert.NotEqual(before.OwnerReferences![0].Uid, Assert.Single(Cluster.Plan("n2")!.Metadata!.OwnerReferences!).Uid);
    }

    [Fact]
    public async Task Edited_or_deleted_plan_comes_back_without_what_was_added()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        var uid = Cluster.Plan("n1")!.Metadata!.Uid;
        await Cluster.MergeAsync(ResourceType.ConntrackNode, "n1", $$"""
            {"spec":{"settings":[
             {"name":"{{Established}}","value":5,"policy":"p","mode":"Enforce","onRemoval":"Restore"},
             {"name":"{{TimeWait}}","value":6,"policy":"mine","mode":"Enforce","onRemoval":"Restore"}]} }
            """);
        await Until(
            () => Cluster.Plan("n1") is { Metadata.Generation: >= 3 } && Cluster.Planned("n1", Established) == 86400
                && Cluster.Planned("n1", TimeWait) is null, "the plan is as before");
        Assert.Equal(uid, Cluster.Plan("n1")!.Metadata!.Uid);
        await Cluster.DeleteAsync(ResourceType.ConntrackNode, "n1");
        await Until(
            () => Cluster.Plan("n1") is { } plan && plan.Metadata!.Uid != uid && Cluster.Planned("n1", Established) == 86400,
            "the plan is there again");
        await Until(() => Cluster.IsReady("p") && Cluster.Plan("n1")!.Status is not null, "and is reported on");
        // A later edit of the policy still takes out what it has to, whoever wrote the fields meanwhile.
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"timeWait":"60s"}}}""");
        await Until(
            () => Cluster.IsReady("p") && Cluster.Planned("n1", TimeWait) == 60 && Cluster.Planned("n1", Established) is null,
            "the edit is planned");
    }

    [Fact]
    public async Task Table_that_the_memory_can_not_hold_is_refused_and_the_rest_applied()
    {
        await Cluster.CreateNodeAsync("small", memory: "1Gi");
        await Cluster.CreateNodeAsync("large", memory: "64Gi");
        await Cluster.ApplyAsync(
            "p", """{"table":{"size":{"entries":4194304},"memoryLimitPercent":10},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Cluster.Condition("p", "Ready") == "False NodesFailed" && Cluster.Policy("p")!.Status!.Nodes!.Ready == 1,
            "one node is refused, one ready");
        var failure = Assert.Single(Cluster.Policy("p")!.Status!.Failures!);
        Assert.Equal(("small", "OverMemoryLimit"), (failure.Name, failure.Reason));
        Assert.Equal("True NodesFailed", Cluster.Condition("p", "Stalled"));
        Assert.Null(Cluster.Planned("small", "nf_conntrack_max"));
        Assert.Equal(86400, Cluster.Planned("small", Established));
        Assert.Equal(4194304, Cluster.Planned("large", "nf_conntrack_max"));
    }

    [Fact]
    public async Task Failing_setting_full_table_and_drops_are_told_on_policy_and_node()
    {
        Fleet.Outcome = (node, setting) => node != "bad" ? null : new()
        {
            Name = setting.Name,
            Desired = setting.Value,
            Actual = 7,
            Policy = setting.Policy,
            State = Api.Nodes.SettingState.ReadOnly,
            Message = "no right here",
        };
        await Cluster.CreateNodeAsync("bad");
        await Cluster.CreateNodeAsync("hot");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Cluster.Condition("p", "Ready") == "False NodesFailed" && Cluster.Policy("p")!.Status!.Nodes!.Ready == 1,
            "one fails, one is ready");
        Assert.Equal(
            ("bad", "ReadOnly", $"{Established}: no right here"),
            Cluster.Policy("p")!.Status!.Failures![0] is var f ? (f.Name, f.Reason, f.Message) : default);
        await Cluster.EventAsync("bad", "SettingFailed");
        Fleet.Use("hot", 91, drops: 12);
        await Until(
            () => Cluster.Policy("p")!.Status is { Hottest: "hot 91%", Usage.TableFullDropsPerMinute: 12 }
                && Cluster.Condition("p", "Pressure") == "True Critical", "the hot node shows");
        await Cluster.EventAsync("hot", "TableNearFull");
        await Cluster.EventAsync("hot", "PacketsDropped");
    }

    [Fact]
    public async Task Policy_that_selects_nothing_says_so_and_does_not_stay_in_planning()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("nobody", """{"nodeSelector":{"matchLabels":{"pool":"none"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Cluster.Condition("nobody", "Ready") == "True NoNodes" && Cluster.Condition("nobody", "Reconciling") == "False Done",
            "it is done");
        Assert.Equal(1, Cluster.Policy("nobody")!.Status!.ObservedGeneration);
    }

    [Fact]
    public async Task Controller_that_starts_again_changes_nothing_and_takes_up_what_happened()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        await Controller.DisposeAsync();
        var (plan, policy) = (Cluster.Plan("n1")!, Cluster.Policy("p")!);
        Controller = Start();
        await Task.Delay(1000, TestCluster.Token);
        Assert.Equal(plan.Metadata!.ResourceVersion, Cluster.Plan("n1")!.Metadata!.ResourceVersion);
        Assert.Equal(policy.Metadata!.ResourceVersion, Cluster.Policy("p")!.Metadata!.ResourceVersion);
        await Controller.DisposeAsync();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Cluster.CreateNodeAsync("n2");
        await Cluster.DeleteAsync(ResourceType.Node, "n1");
        Controller = Start();
        await Until(
            () => Cluster.IsReady("p") && Cluster.Planned("n2", Established) == 3600 && Cluster.Plan("n1") is null, "it has caught up");
        Assert.Equal(1, Cluster.Policy("p")!.Status!.Nodes!.Selected);
    }

    private protected static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    /// <summary>A server with nothing in it; skips the test when there is none.</summary>
    protected abstract Task<ApiClient> ConnectAsync();

    /// <summary>A client for the controller.</summary>
    protected abstract ApiClient ControllerClient();

    private protected RunningController Start(AgentTemplate? template = null) =>
        RunningController.Lead(ControllerClient(), null, template ?? Templates.Agent(), Log);
}
