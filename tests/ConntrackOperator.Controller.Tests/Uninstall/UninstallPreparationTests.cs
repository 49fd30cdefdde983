using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Uninstall;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackOperator.Controller.Tests.Uninstall;

public sealed class UninstallPreparationTests : IDisposable
{
    private const string Namespace = "conntrack-system";
    private const string Agents = "agents";

    private readonly FakeApiServer _server = new(
        [new(ResourceType.ConntrackPolicy), new(ResourceType.ConntrackNode), new(ResourceType.DaemonSet)]);
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _said = [];

    [Fact]
    public async Task With_nothing_there_it_is_done_at_once()
    {
        Assert.True(await Start());
        Assert.Equal(0, _server.Requests.Writes);
    }

    [Fact]
    public async Task Policies_are_deleted_once_and_waited_for_until_their_finalizer_is_off()
    {
        Policy("edge", ApiGroup.RestoreFinalizer);
        var running = Start();
        await UntilSaid("1 policies wait for their nodes (edge)");
        Assert.False(running.IsCompleted);

        _server.Merge(ResourceType.ConntrackPolicy, "edge", """{"metadata":{"finalizers":null}}""");
        Assert.True(await Finish(running));
        Assert.Equal(1, _server.Requests.Count("delete", "conntrackpolicies"));
    }

    [Fact]
    public async Task A_node_that_is_ready_is_waited_for_and_its_plan_is_the_controllers_to_delete()
    {
        Node("node-1", "True");
        Plan("node-1");
        var running = Start();
        await UntilSaid("1 nodes have not put their settings back yet (node-1: no agent has ever reported)");
        Assert.Equal(0, _server.Requests.Writes);

        _server.Delete(ResourceType.ConntrackNode, "node-1");
        Assert.True(await Finish(running));
    }

    [Fact]
    public async Task What_waits_says_which_node_and_why()
    {
        Policy("edge", ApiGroup.RestoreFinalizer);
        Node("node-1", "True");
        Node("node-2", "Unknown");
        Plan("node-1");
        Plan("node-2");
        _server.Merge(ResourceType.ConntrackNode, "node-1", """
            {"status":{"observedGeneration":1,"settings":[{"name":"nf_conntrack_buckets","state":"InSync"},{"name":"nf_conntrack_max","state":"Held","message":"300000 entries are in the table"}]}}
            """, subresource: "status");
        var running = Start();
        await UntilSaid(
            "1 policies wait for their nodes (edge), 1 of them: node-1: nf_conntrack_max is Held: 300000 entries are in the table;");

        _server.Merge(ResourceType.ConntrackPolicy, "edge", """{"metadata":{"finalizers":null}}""");
        await Eventually.UntilAsync(
            () => Said("1 nodes have not put their settings back yet (node-1: nf_conntrack_max is Held"),
            () => _time.Advance(TimeSpan.FromMilliseconds(100)));
        _server.Delete(ResourceType.ConntrackNode, "node-1");
        Assert.True(await Finish(running));
    }

    [Theory]
    [InlineData("""{"status":{"observedGeneration":0,"settings":[]}}""", "its agent has not reported on the last change yet")]
    [InlineData(
        """{"status":{"observedGeneration":1,"settings":[{"name":"a","state":"InSync"},{"name":"b","state":"Pending"}]}}""",
        "2 settings are in force still")]
    [InlineData(
        """{"status":{"observedGeneration":1,"settings":[{"name":"a","state":"Failed","message":"EINVAL"}]}}""", "a is Failed: EINVAL")]
    [InlineData("""{"status":{"observedGeneration":1}}""", "it has put everything back, and its object is about to be deleted")]
    [InlineData("""{"status":{"observedGeneration":"what"}}""", "what it reports can't be read")]
    public async Task Reason_is_what_the_node_reports(string patch, string reason)
    {
        Node("node-1", "True");
        Plan("node-1");
        _server.Merge(ResourceType.ConntrackNode, "node-1", patch, subresource: "status");
        var running = Start();
        await UntilSaid($"1 nodes have not put their settings back yet (node-1: {reason})");
        _server.Delete(ResourceType.ConntrackNode, "node-1");
        Assert.True(await Finish(running));
    }

    [Fact]
    public async Task Nodes_that_are_gone_or_not_ready_are_named_and_let_go()
    {
        Node("node-1", "Unknown");
        Plan("node-1");
        Plan("node-2");
        Assert.True(await Finish(Start()));
        Assert.Contains(
            _said, s => s.Contains("2 nodes are gone or not ready and are not waited for (node-1, node-2)", StringComparison.Ordinal));
        Assert.Empty(_server.All(ResourceType.ConntrackNode));
    }

    [Fact]
    public async Task Nodes_out_of_reach_are_not_let_go_while_another_one_still_restores()
    {
        Node("node-1", "Unknown");
        Node("node-2", "True");
        Plan("node-1");
        Plan("node-2");
        var running = Start();
        await UntilSaid("1 nodes have not put their settings back yet (node-2: no agent has ever reported)");
        Assert.Equal(0, _server.Requests.Writes);
        _server.Delete(ResourceType.ConntrackNode, "node-2");
        Assert.True(await Finish(running));
    }

    [Fact]
    public async Task The_agents_DaemonSet_has_to_be_gone()
    {
        DaemonSet();
        var running = Start();
        await UntilSaid("the DaemonSet conntrack-system/agents is not gone yet");
        _server.Delete(ResourceType.DaemonSet, Agents, Namespace);
        Assert.True(await Finish(running));
    }

    [Fact]
    public async Task When_the_time_is_up_it_says_what_is_in_the_way_and_fails()
    {
        Policy("edge", ApiGroup.RestoreFinalizer);
        Assert.False(await Finish(Start()));
        Assert.Contains("gave up after 60 s: 1 policies wait for their nodes (edge)", _said[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_server_that_fails_for_a_while_is_asked_again()
    {
        Policy("edge");
        _server.Faults.Add(_ => true, 2, FaultAction.Answer(500));
        Assert.True(await Finish(Start()));
        Assert.Empty(_server.All(ResourceType.ConntrackPolicy));
    }

    [Fact]
    public async Task A_missing_right_is_not_waited_for()
    {
        _server.Authorize = request => request.Plural != "conntracknodes";
        var error = await Assert.ThrowsAsync<ApiException>(Start);
        Assert.Contains("verb \"list\" on resource \"conntracknodes\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_policies_are_all_found_page_by_page()
    {
        for (var i = 0; i < 1201; i++)
        {
            Policy($"policy-{i}");
        }

        var running = Start();
        await Eventually.UntilAsync(() => _server.All(ResourceType.ConntrackPolicy).Count == 0);
        Assert.True(await Finish(running));
    }

    public void Dispose() => _server.Dispose();

    private Task<bool> Start() => new UninstallPreparation(
        _server.CreateClient(), Namespace, Agents, TimeSpan.FromMinutes(1), Say, _time).RunAsync(TestContext.Current.CancellationToken);

    private void Say(string message, Exception? error)
    {
        lock (_said)
        {
            _said.Add(message);
        }
    }

    private Task UntilSaid(string start) => Eventually.UntilAsync(() => Said(start), start);

    private bool Said(string start)
    {
        lock (_said)
        {
            return _said.Exists(s => s.StartsWith(start, StringComparison.Ordinal));
        }
    }

    private async Task<bool> Finish(Task<bool> running)
    {
        await Eventually.UntilAsync(() => running.IsCompleted, () => _time.Advance(TimeSpan.FromMilliseconds(100)));
        return await running;
    }

    private void Policy(string name, params string[] finalizers) => _server.Put(ResourceType.ConntrackPolicy, new JsonObject
    {
        ["apiVersion"] = ApiGroup.ApiVersion,
        ["kind"] = "ConntrackPolicy",
        ["metadata"] = new JsonObject { ["name"] = name, ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]) },
        ["spec"] = new JsonObject(),
    });

    private void Plan(string node) => _server.Put(ResourceType.ConntrackNode, new JsonObject
    {
        ["apiVersion"] = ApiGroup.ApiVersion,
        ["kind"] = "ConntrackNode",
        ["metadata"] = new JsonObject { ["name"] = node },
        ["spec"] = new JsonObject { ["settings"] = new JsonArray() },
    });

    private void Node(string name, string ready) => _server.Put(ResourceType.Node, new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready }) },
    });

    private void DaemonSet() => _server.Put(ResourceType.DaemonSet, new JsonObject
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "DaemonSet",
        ["metadata"] = new JsonObject { ["name"] = Agents, ["namespace"] = Namespace },
        ["spec"] = new JsonObject(),
    });
}
