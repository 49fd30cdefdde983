using System.Text.Json;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
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
        await Cluster.ApplyAsync(
            "web",
            """{"nodeSelector":{"matchExpressions":[{"key":"pool","operator":"In","values":["web"]}]},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Reaches("pool In edge", "pool In web"), "and on the web");
        await Until(() => Cluster.IsReady("edge") && Cluster.IsReady("web"), "both policies are ready");

        Fleet.Restores = node => node != "web-1";
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "web");
        await Until(() => Cluster.Policy("web") is null, "the policy has waited long enough");
        await Task.Delay(300, TestCluster.Token);
        Assert.True(Reaches("pool In edge", "pool In web"), Terms());
        Fleet.Restores = _ => true;
        Fleet.Wake("web-1");
        await Until(() => Cluster.Plan("web-1") is null, "the web has restored");

        // The label that the selector asks for is gone, so only its name finds the node.
        Fleet.Restores = _ => false;
        await Cluster.MergeAsync(ResourceType.Node, "edge-1", """{"metadata":{"labels":{"pool":"other"}}}""");
        await Until(() => Reaches("pool In edge", "pool In web", "metadata.name In edge-1"), "the agent stays where it has to restore");
        Fleet.Restores = _ => true;
        Fleet.Wake("edge-1");
        await Until(() => Cluster.Plan("edge-1") is null, "it has restored");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "edge");
        await Until(() => Cluster.DaemonSet() is null, "no policy, no agents");
    }

    [Fact]
    public async Task Edited_or_deleted_DaemonSet_comes_back_without_what_was_added()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.MergeAsync(ResourceType.Node, "n1", """{"metadata":{"labels":{"pool":"edge"}}}""");
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.DaemonSet() is not null && Cluster.IsReady("p"), "agents run");
        await Cluster.MergeAsync(ResourceType.DaemonSet, "conntrack-agent", """
            {"spec":{"template":{"spec":{"nodeSelector":{"keep":"out"},"containers":[{"name":"agent","image":"evil:1"}]}}}}
            """, ns: TestCluster.Namespace);
        await Until(
            () => Pod() is { } pod && pod.GetProperty("containers")[0].GetProperty("image").GetString() == "conntrack-agent:test"
                && !pod.TryGetProperty("nodeSelector", out _), "it is as the template says");
        await Cluster.MergeAsync(
            ResourceType.DaemonSet, "conntrack-agent", """{"metadata":{"labels":{"app":"other"}}}""", ns: TestCluster.Namespace);
        await Until(() => Cluster.DaemonSet()?.Metadata?.Labels?["app"] == "conntrack-agent", "its label too");
        var uid = Cluster.DaemonSet()!.Metadata!.Uid;
        await Cluster.DeleteAsync(ResourceType.DaemonSet, "conntrack-agent", TestCluster.Namespace);
        await Until(() => Cluster.DaemonSet() is { } again && again.Metadata!.Uid != uid, "it is there again");
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"web"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Reaches("pool In edge", "pool In web"), "and follows the policies as before");
    }

    [Fact]
    public async Task Pod_template_stays_the_same_whatever_selectors_and_labels_do_until_it_changes_anyway()
    {
        await Cluster.CreateNodeAsync("edge-1", "pool=edge,zone=a");
        await Cluster.CreateNodeAsync("web-1", "pool=web,zone=a");
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Cluster.ApplyAsync("web", """{"nodeSelector":{"matchLabels":{"pool":"web"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(
            () => Reaches("pool In edge", "pool In web") && Cluster.IsReady("edge") && Cluster.IsReady("web"), "agents run on both");
        var generation = Cluster.DaemonSet()!.Metadata!.Generation;

        await Cluster.ApplyAsync(
            "edge", """{"nodeSelector":{"matchLabels":{"pool":"edge","zone":"a"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Cluster.MergeAsync(ResourceType.Node, "web-1", """{"metadata":{"labels":{"pool":"edge"}}}""");
        await Until(() => Cluster.IsReady("edge") && Cluster.Policy("edge")!.Status!.Nodes!.Selected == 2, "the node has moved");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "web");
        await Until(() => Cluster.Policy("web") is null, "a policy is gone");
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("edge"), "the selector is as before");
        await RestartAsync(Templates.Agent());
        await Cluster.ApplyAsync("edge", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"timeouts":{"tcp":{"established":"23h"}}}""");
        await Until(() => Cluster.IsReady("edge"), "another controller has gone on");
        Assert.Equal(generation, Cluster.DaemonSet()!.Metadata!.Generation);

        await RestartAsync(
            Templates.From(Templates.Text.Replace("conntrack-agent:test", "conntrack-agent:next", StringComparison.Ordinal)));
        await Until(() => Reaches("pool In edge"), "with a new template goes what is not needed");
        await Until(() => Cluster.DaemonSet()!.Metadata!.Generation == generation + 1, "in one change");
    }

    [Fact]
    public async Task Restart_of_the_agents_that_somebody_asked_for_is_left_alone()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.DaemonSet() is not null && Cluster.IsReady("p"), "agents run");
        var generation = Cluster.DaemonSet()!.Metadata!.Generation;
        var applied = Log.Lines.Count(l => l.StartsWith("applied DaemonSet", StringComparison.Ordinal));
        await Cluster.MergeAsync(ResourceType.DaemonSet, "conntrack-agent", """
            {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-31T12:00:00Z"}}}}}
            """, ns: TestCluster.Namespace);
        await Until(
            () => Log.Lines.Count(l => l.StartsWith("applied DaemonSet", StringComparison.Ordinal)) > applied,
            "the controller has looked at it");
        await RestartAsync(Templates.Agent());
        await Until(
            () => Log.Lines.Count(l => l.StartsWith("applied DaemonSet", StringComparison.Ordinal)) > applied + 1, "and another one");
        Assert.Equal(
            "2026-01-31T12:00:00Z",
            Cluster.DaemonSet()!.Spec!.Value.GetProperty("template").GetProperty("metadata").GetProperty("annotations")
                .GetProperty("kubectl.kubernetes.io/restartedAt").GetString());
        Assert.Equal(generation + 1, Cluster.DaemonSet()!.Metadata!.Generation);
    }

    /// <summary>
    /// The controller went with its namespace, and with it the DaemonSet: a policy that is deleted then waits for somebody to take its
    /// finalizer off.
    /// </summary>
    [Fact]
    public async Task Installing_again_after_the_namespace_was_deleted_lets_go_of_policies_that_could_not_be_deleted()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.DaemonSet() is not null && Cluster.IsReady("p"), "it is in force");
        await Controller.DisposeAsync();
        Fleet.IsThere = _ => false;
        await Cluster.DeleteAsync(ResourceType.DaemonSet, "conntrack-agent", TestCluster.Namespace);
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(
            () => Cluster.DaemonSet() is null && Cluster.Policy("p")?.Metadata?.DeletionTimestamp is not null, "the policy can't go");

        Controller = RunningController.Lead(
            ControllerClient(), RunningController.Quick with { RestoreTimeout = TimeSpan.FromMinutes(2) }, Templates.Agent(), Log);
        await Until(() => Cluster.DaemonSet() is not null, "the agents are there again");
        Assert.NotNull(Cluster.Policy("p"));
        Fleet.IsThere = _ => true;
        Fleet.Wake("n1");
        await Until(
            () => Cluster.Policy("p") is null && Cluster.Plan("n1") is null && Cluster.DaemonSet() is null,
            "the node has restored and all is gone");
    }

    private async Task RestartAsync(AgentTemplate template)
    {
        await Controller.DisposeAsync();
        Controller = RunningController.Lead(ControllerClient(), RunningController.Quick, template, Log);
    }

    [Fact]
    public async Task Node_whose_agent_never_reported_is_let_go_after_the_time_out()
    {
        Fleet.IsThere = _ => false;
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.Planned("n1", Established) == 86400, "it is planned");
        await Until(() => Cluster.Condition("p", "Ready") == "False Updating", "and waits for its agent");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
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

        var terms = pod.GetProperty("affinity").GetProperty("nodeAffinity").GetProperty("requiredDuringSchedulingIgnoredDuringExecution")
            .GetProperty("nodeSelectorTerms");
        return string.Join("; ", terms.EnumerateArray().Select(Text).Order(StringComparer.Ordinal));
    }

    private JsonElement? Pod() => Cluster.DaemonSet()?.Spec?.GetProperty("template").GetProperty("spec");

    private static string Text(JsonElement term) =>
        string.Join(" and ", term.EnumerateObject().SelectMany(list => list.Value.EnumerateArray())
        .Where(r => r.GetProperty("key").GetString() != "kubernetes.io/os")
        .Select(r => $"{r.GetProperty("key")} {r.GetProperty("operator")} {string.Join(',', r.GetProperty("values").EnumerateArray())}"));
}
