using System.Text.Json.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;

namespace ConntrackOperator.Controller.Tests.Behaviour;

public abstract partial class ControllerBehaviour
{
    private const string WithCondition = """{"timeouts":{"tcp":{"established":"24h"}},"pressure":{"nodeCondition":true}}""";

    [Fact]
    public async Task Pressure_is_a_condition_of_the_Node_when_the_policy_asks_for_it()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2", "pool=edge");
        await Cluster.ApplyAsync("p", """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"pressure":{"nodeCondition":true}}""");
        await UntilCondition("n2", "False ConntrackNormal");
        Assert.Null(await ConditionOf("n1"));
        var before = await ConditionOf("n2");
        Fleet.Use("n2", 80);
        await UntilCondition("n2", "True ConntrackWarning");
        var warned = await ConditionOf("n2");
        Assert.Equal(
            "80000 of 100000 conntrack entries in use (80%) when this changed; now: kubectl get conntracknode n2",
            (string?)warned!["message"]);
        Fleet.Use("n2", 95);
        await UntilCondition("n2", "True ConntrackCritical");
        var critical = await ConditionOf("n2");
        Assert.NotNull((string?)before!["lastTransitionTime"]);
        Assert.Equal((string?)warned["lastTransitionTime"], (string?)critical!["lastTransitionTime"]);
        // What the kubelet said of its node is as it was.
        Assert.Equal("True", await StatusOf("n2", "Ready"));
    }

    [Fact]
    public async Task Condition_of_the_Node_goes_with_the_field_the_policy_and_the_selection()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "False ConntrackNormal");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}},"pressure":{"nodeCondition":false}}""");
        await UntilCondition("n1", null);
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "False ConntrackNormal");
        Fleet.Restores = _ => false;
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        // Before the settings are back, and so before whoever waits for the ConntrackNode to go takes the controller away.
        await UntilCondition("n1", null);
        Assert.NotNull(Cluster.Plan("n1"));
        Assert.Equal("True", await StatusOf("n1", "Ready"));
    }

    [Fact]
    public async Task Condition_of_the_Node_is_unknown_while_no_agent_reports_and_comes_back_when_somebody_takes_it_away()
    {
        Fleet.IsThere = _ => false;
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "Unknown ConntrackNotReported");
        Fleet.IsThere = _ => true;
        Fleet.Wake("n1");
        await UntilCondition("n1", "False ConntrackNormal");
        await Cluster.SetReadyAsync("n1", true);
        await UntilCondition("n1", "False ConntrackNormal");
        await Cluster.SetReadyAsync("n1", false);
        await UntilCondition("n1", "Unknown ConntrackNotReported");
    }

    [Fact]
    public async Task Condition_that_was_left_behind_goes_and_that_of_another_program_stays()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2");
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "False ConntrackNormal");
        await Controller.DisposeAsync();
        await Cluster.MergeAsync(ResourceType.ConntrackPolicy, "p", """{"metadata":{"finalizers":null}}""");
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Cluster.DeleteAsync(ResourceType.ConntrackNode, "n1");
        await Cluster.MergeAsync(ResourceType.Node, "n2", """
            {"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"ConntrackPressure","status":"True","reason":"TheirReason"}]} }
            """, "status");
        Controller = Start();
        await UntilCondition("n1", null);
        await Until(() => Cluster.Plan("n2") is null, "n2 is released");
        Assert.Equal("TheirReason", (string?)(await ConditionOf("n2"))!["reason"]);

        // Nor is it taken over: two that write the same would never end.
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "False ConntrackNormal");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        Assert.Equal("TheirReason", (string?)(await ConditionOf("n2"))!["reason"]);
    }

    [Fact]
    public async Task New_leader_does_not_take_an_agents_last_words_for_news()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", WithCondition);
        await UntilCondition("n1", "False ConntrackNormal");
        Fleet.IsThere = _ => false;
        await Cluster.SetReadyAsync("n1", false);
        await UntilCondition("n1", "Unknown ConntrackNotReported");
        await Controller.DisposeAsync();
        await Cluster.MergeAsync(ResourceType.Node, "n1", """
            {"status":{"conditions":[{"type":"Ready","status":"True"},
             {"type":"ConntrackPressure","status":"Unknown","reason":"ConntrackNotReported"}]} }
            """, "status");
        Controller = Start();
        await Until(() => Cluster.IsReady("p"), "the new leader has looked at the node");
        Assert.Equal("Unknown", await StatusOf("n1", NodeReading.PressureCondition));

        // Times of the API are in whole seconds: a report of the same second can't be told from the one before.
        await Task.Delay(TimeSpan.FromSeconds(1.1), TestCluster.Token);
        Fleet.IsThere = _ => true;
        Fleet.Use("n1", 80);
        await UntilCondition("n1", "True ConntrackWarning");
    }

    private async Task<JsonNode?> ConditionOf(string node, string type = NodeReading.PressureCondition)
    {
        var found = await Cluster.Api.GetAsync(ResourceType.Node, null, node, ClusterJson.Default.JsonObject, TestCluster.Token);
        return found["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type);
    }

    private async Task<string?> StatusOf(string node, string type) => (string?)(await ConditionOf(node, type))?["status"];

    private async Task UntilCondition(string node, string? expected)
    {
        string? Seen(JsonNode? condition) => condition is null ? null : $"{condition["status"]} {condition["reason"]}";
        string? seen = null;
        for (var i = 0; i < 1200; i++)
        {
            seen = Seen(await ConditionOf(node));
            if (seen == expected)
            {
                return;
            }

            await Task.Delay(50, TestCluster.Token);
        }

        Assert.Fail($"ConntrackPressure of {node} is '{seen}', not '{expected}'; log: {string.Join('\n', Log.Lines.TakeLast(20))}");
    }
}
