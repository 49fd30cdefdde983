using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>Writes that are made only while what they were decided from still holds.</summary>
public sealed class PreconditionTests() : SimulatedClusterTest(User)
{
    private const string User = "controller";

    [Fact]
    public async Task Object_of_a_leaving_node_is_not_deleted_when_a_report_came_in_between()
    {
        await Cluster.CreateNodeAsync("n1", "pool=edge");
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        var uid = Cluster.Plan("n1")!.Metadata!.Uid;
        Server.Faults.Add(
            r => r is { User: User, Verb: "delete", Plural: "conntracknodes" }, 1, FaultAction.Delay(TimeSpan.FromSeconds(5)));
        await Cluster.MergeAsync(ResourceType.Node, "n1", """{"metadata":{"labels":{"pool":"web"}}}""");
        await Until(
            () => Server.Requests.Count(r => r is { User: User, Verb: "delete", Plural: "conntracknodes" }) == 1,
            "the deletion is on its way");
        // The agent has found that something is still to be put back.
        Fleet.IsThere = _ => false;
        Server.Merge(
            ResourceType.ConntrackNode, "n1",
            """{"status":{"settings":[{"name":"nf_conntrack_max","actual":1,"original":2,"state":"Failed","policy":"p"}]}}""", null,
            "status");
        await Task.Delay(6500, TestCluster.Token);
        Assert.Equal(uid, Server.Get(ResourceType.ConntrackNode, "n1")?["metadata"]!["uid"]!.GetValue<string>());
        Server.Merge(ResourceType.ConntrackNode, "n1", """{"status":{"settings":[]}}""", null, "status");
        await Until(() => Server.Get(ResourceType.ConntrackNode, "n1") is null, "it goes when all is put back");
    }

    [Fact]
    public async Task Owner_of_a_plan_is_the_node_of_now_when_another_took_its_name()
    {
        await Cluster.CreateNodeAsync("n1");
        await using (Start())
        {
            await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
            await Until(() => Cluster.IsReady("p"), "it is ready");
        }

        Server.Delete(ResourceType.Node, "n1");
        await Cluster.CreateNodeAsync("n1");
        var uid = Server.Get(ResourceType.Node, "n1")!["metadata"]!["uid"]!.GetValue<string>();
        await using var next = Start();
        // Else the garbage collector would take the plan away with the node that was.
        await Until(() => Cluster.Plan("n1")!.Metadata!.OwnerReferences is [{ } owner] && owner.Uid == uid, "the owner is corrected");
    }

    [Fact]
    public async Task Time_to_restore_begins_anew_for_another_policy_of_the_same_name()
    {
        await Cluster.CreateNodeAsync("n1");
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        Fleet.Restores = _ => false;
        var deleted = TimeProvider.System.GetTimestamp();
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Condition("p", "Ready") == "False Deleting", "the first one is waited for");
        // While nobody can see it the first one goes, and another one comes and is deleted as well.
        Server.Stop();
        Server.Merge(ResourceType.ConntrackPolicy, "p", """{"metadata":{"finalizers":null}}""");
        Server.Put(
            ResourceType.ConntrackPolicy,
            """{"metadata":{"name":"p","finalizers":["conntrack.dev/restore"]},"spec":{"timeouts":{"tcp":{"established":"24h"}}}}""");
        Server.Delete(ResourceType.ConntrackPolicy, "p");
        Server.Compact();
        await Until(
            () => TimeProvider.System.GetElapsedTime(deleted) > RunningController.Quick.RestoreTimeout * 0.8,
            "most of the first one's time is over");
        Server.Start();
        await Until(() => Server.Get(ResourceType.ConntrackPolicy, "p") is null, "its time is over");
        // It was seen when the policies were listed, and not before.
        var seen = Server.Requests.All.Last(r => r is { User: User, Verb: "list", Plural: "conntrackpolicies" }).At;
        var removed = Server.Requests.All.Last(r => r is { User: User, Verb: "patch", Plural: "conntrackpolicies", Subresource: null }).At;
        Assert.True(
            removed - seen > RunningController.Quick.RestoreTimeout * 0.95,
            $"the second one had {removed - seen}, what was left of the first one's time");
    }

    private static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    private RunningController Start() =>
        RunningController.Lead(new ServerConnection { Server = Server.BaseAddress, Token = User }.Connect());
}
