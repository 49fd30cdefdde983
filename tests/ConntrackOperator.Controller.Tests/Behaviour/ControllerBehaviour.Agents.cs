using System.Text.Json;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Transport;
using ConntrackOperator.Simulation;

namespace ConntrackOperator.Controller.Tests.Behaviour;

public abstract partial class ControllerBehaviour
{
    [Fact]
    public async Task Agents_run_where_policies_select_until_the_nodes_that_leave_have_restored()
    {
        await Cluster.CreateNodeAsync("edge-1", "pool=edge");
        await Cluster.CreateNodeAsync("web-1", "pool=web");
        await Task.Delay(300, TestCluster.Token);
        Assert.Null(Cluster.DaemonSet());
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Reaches("pool In edge"), "agents run on the edge");
        await Cluster.ApplyAsync("web", """{"nodeSelector":{"matchExpressions":[{"key":"pool","operator":"In","values":["web"]}]},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Reaches("pool In edge", "pool In web"), "and on the web");
        await Until(() => Cluster.IsReady("edge") && Cluster.IsReady("web"), "both policies are ready");

        Fleet.Restores = node => node != "web-1";
        await Cluster.DeleteAsync(ResourceTypes.Policy, "web");
        await Until(() => Cluster.Policy("web") is null, "the policy has waited long enough");
        await Task.Delay(300, TestCluster.Token);
        Assert.True(Reaches("pool In edge", "pool In web"), Terms());
        Fleet.Restores = _ => true;
        Fleet.Wake("web-1");
        await Until(() => Reaches("pool In edge"), "agents leave the web after it has restored");

        // The label that the selector asks for is gone, so only its name finds the node.
        Fleet.Restores = _ => false;
        await Cluster.MergeAsync(ResourceType.Node, "edge-1", """{"metadata":{"labels":{"pool":"other"}}}""");
        await Until(() => Reaches("pool In edge", "metadata.name In edge-1"), "the agent stays where it has to restore");
        Fleet.Restores = _ => true;
        Fleet.Wake("edge-1");
        await Until(() => Reaches("pool In edge"), "and goes then");
        await Cluster.DeleteAsync(ResourceTypes.Policy, "edge");
        await Until(() => Cluster.DaemonSet() is null, "no policy, no agents");
    }

    [Fact]
    public async Task Edited_or_deleted_DaemonSet_comes_back_without_what_was_added()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.DaemonSet() is not null && Cluster.IsReady("p"), "agents run");
        await Cluster.MergeAsync(ResourceTypes.DaemonSet, "conntrack-agent", """
            {"spec":{"template":{"spec":{"nodeSelector":{"keep":"out"},"containers":[{"name":"agent","image":"evil:1"}]}}}}
            """, ns: TestCluster.Namespace);
        await Until(() => Pod() is { } pod && pod.GetProperty("containers")[0].GetProperty("image").GetString() == "conntrack-agent:test" && !pod.TryGetProperty("nodeSelector", out _), "it is as the template says");
        await Cluster.MergeAsync(ResourceTypes.DaemonSet, "conntrack-agent", """{"metadata":{"labels":{"app":"other"}}}""", ns: TestCluster.Namespace);
        await Until(() => Cluster.DaemonSet()?.Metadata?.Labels?["app"] == "conntrack-agent", "its label too");
        var uid = Cluster.DaemonSet()!.Metadata!.Uid;
        await Cluster.DeleteAsync(ResourceTypes.DaemonSet, "conntrack-agent", TestCluster.Namespace);
        await Until(() => Cluster.DaemonSet() is { } again && again.Metadata!.Uid != uid, "it is there again");
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Reaches("pool In edge"), "and follows the policies as before");
    }

    [Fact]
    public async Task Node_whose_agent_never_reported_is_let_go_after_the_time_out()
    {
        Fleet.IsThere = _ => false;
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.Planned("n1", Established) == 86400, "it is planned");
        await Until(() => Cluster.Condition("p", "Ready") == "False Updating", "and waits for its agent");
        await Cluster.DeleteAsync(ResourceTypes.Policy, "p");
        await Until(() => Cluster.Policy("p") is null && Cluster.Planned("n1", Established) is null, "the policy goes at once");
        Assert.NotNull(Cluster.Plan("n1"));
        Assert.NotNull(Cluster.DaemonSet());
        await Until(() => Cluster.Plan("n1") is null && Cluster.DaemonSet() is null, "the plan goes after a while, and the agents with it");
    }

    /// <summary>Whether the DaemonSet's terms are these, Windows apart; and nobody is in their way.</summary>
    private bool Reaches(params string[] terms) => Terms() == string.Join("; ", terms.Order(StringComparer.Ordinal));

    private string Terms()
    {
        if (Pod() is not { } pod)
        {
            return "no DaemonSet";
        }

        var terms = pod.GetProperty("affinity").GetProperty("nodeAffinity").GetProperty("requiredDuringSchedulingIgnoredDuringExecution").GetProperty("nodeSelectorTerms");
        return string.Join("; ", terms.EnumerateArray().Select(Text).Order(StringComparer.Ordinal));
    }

    private JsonElement? Pod() => Cluster.DaemonSet()?.Spec?.GetProperty("template").GetProperty("spec");

    private static string Text(JsonElement term) => string.Join(" and ", term.EnumerateObject().SelectMany(list => list.Value.EnumerateArray())
        .Where(r => r.GetProperty("key").GetString() != "kubernetes.io/os")
        .Select(r => $"{r.GetProperty("key")} {r.GetProperty("operator")} {string.Join(',', r.GetProperty("values").EnumerateArray())}"));
}
