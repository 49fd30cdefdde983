using System.Text.Json.Nodes;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;

namespace ConntrackOperator.Controller.Tests.Flushes;

public sealed class FlushBehaviourTests() : SimulatedClusterTest(User)
{
    private const string User = "controller";
    private readonly ListLog _log = new();

    [Fact]
    public async Task Thirty_two_flushes_run_on_a_node_the_rest_wait_and_say_so_and_the_plan_can_be_written_throughout()
    {
        await using var controller = await StartAsync("n1", "n2");
        for (var i = 0; i < 40; i++)
        {
            Flush($"f{i:00}", """{"nodeName":"n1","match":{"all":true}}""");
        }

        await Until(() => Phases("Running") == 32 && Phases("Pending") == 8, "32 run and 8 wait");
        await Until(() => Planned("n1").Count == 32, "the plan holds them");
        var waiting = Server.All(ResourceType.ConntrackFlush).First(f => Phase(f) == "Pending");
        Assert.Equal(
            "node n1 has 32 flushes to do already; this one begins when enough of those are over",
            Condition(waiting)!["message"]!.GetValue<string>());
        // Another node's are not held up, and plans can still be changed.
        Flush("elsewhere", """{"nodeName":"n2","match":{"all":true}}""");
        await Until(() => Phase("elsewhere") == "Running" && Planned("n2").Count == 1, "another node's flush begins at once");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(
            () => Server.Get(ResourceType.ConntrackNode, "n1")!["spec"]!["settings"]![0]!["value"]!.GetValue<long>() == 3600,
            "the edit is planned");
        while (Phases("Succeeded") < 40)
        {
            Assert.InRange(Planned("n1").Count, 0, 32);
            var before = Phases("Succeeded");
            await Until(() => Phases("Succeeded") > before, () => Do("n1"), "some end");
        }

        await Until(() => Planned("n1").Count == 0, "nothing is left in the plan");
    }

    [Fact]
    public async Task Flushes_that_run_all_the_same_do_not_make_a_plan_that_can_not_be_written()
    {
        await using (await StartAsync("n1"))
        {
        }

        for (var i = 0; i < 40; i++)
        {
            Server.Put(ResourceType.ConntrackFlush, $$"""
                {"metadata":{"name":"f{{i:00}}"},"spec":{"nodeName":"n1","match":{"all":true} },
                 "status":{"phase":"Running","nodeNames":["n1"],"startedAt":"{{TimeProvider.System.GetUtcNow().AddSeconds(i - 60):yyyy-MM-ddTHH:mm:ssZ}}"} }
                """);
        }

        await using var next = Start();
        await Until(() => Planned("n1").Count == 32, "the oldest are planned");
        Assert.Equal(Enumerable.Range(0, 32).Select(i => $"f{i:00}"), Planned("n1").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Node_that_claims_more_than_there_can_be_neither_stops_a_flush_nor_keeps_it()
    {
        await using var controller = await StartAsync("n1", "n2");
        Flush("f", """{"nodeSelector":{},"match":{"all":true},"ttlSecondsAfterFinished":0}""");
        await Until(() => Planned("n1").Count == 1 && Planned("n2").Count == 1, "both are told");
        Do("n1", long.MaxValue);
        Do("n2", long.MaxValue);
        await Until(() => Server.Get(ResourceType.ConntrackFlush, "f") is null, "it ends, and its time comes");
    }

    [Fact]
    public async Task Node_that_has_done_its_part_and_is_then_scaled_away_stays_counted_as_done()
    {
        var controller = await StartAsync("n1", "n2");
        Flush("f", """{"nodeSelector":{},"match":{"all":true}}""");
        await Until(() => Planned("n1").Count == 1 && Planned("n2").Count == 1, "both are told");
        Do("n1", 5);
        await Until(() => Status("f")?["nodes"]?["done"]?.GetValue<int>() == 1, "the first is counted");
        Server.Delete(ResourceType.Node, "n1");
        Server.Delete(ResourceType.ConntrackNode, "n1");

        // Another leader knows it too: it is in the status.
        await controller.DisposeAsync();
        await using var next = Start();
        Do("n2", 6);
        await Until(() => Phase("f") is "Succeeded" or "Failed", "it ends");
        Assert.Equal(
            ("Succeeded", 2, 0, 11L),
            (Phase("f"), Status("f")!["nodes"]!["done"]!.GetValue<int>(), Status("f")!["nodes"]!["failed"]!.GetValue<int>(),
            Status("f")!["deleted"]!.GetValue<long>()));
    }

    [Fact]
    public async Task Status_that_somebody_refuses_is_told_and_not_tried_all_the_time()
    {
        await using var controller = await StartAsync("n1");
        Server.Faults.Add(IsWrite, int.MaxValue, FaultAction.Answer(422, "Invalid"));
        Flush("f", """{"nodeName":"n1","match":{"all":true}}""");
        await Cluster.EventAsync("f", "StatusRefused");
        for (var i = 0; i < 20; i++)
        {
            Server.Merge(ResourceType.ConntrackFlush, "f", $$"""{"metadata":{"labels":{"i":"{{i}}"} } }""");
            await Task.Delay(50, TestCluster.Token);
        }

        Assert.InRange(Server.Requests.Count(IsWrite), 1, 4);
        Assert.Contains(
            _log.Lines, line => line.Contains("The status of ConntrackFlush f was refused, again in 2 s", StringComparison.Ordinal));
        Server.Faults.Clear();
        await Until(() => Phase("f") == "Running", "it goes on when nobody refuses any more");
    }

    [Fact]
    public async Task Status_of_a_flush_that_was_deleted_is_not_written_to_another_one_of_its_name()
    {
        await using var controller = await StartAsync("n1");
        var seen = new List<string?>();
        Server.Faults.Add(IsWrite, 1, FaultAction.Delay(TimeSpan.FromSeconds(1)));
        Flush("f", """{"nodeName":"n1","match":{"all":true}}""");
        await Until(() => Server.Requests.All.Any(IsWrite), "its status is on its way");
        Server.Delete(ResourceType.ConntrackFlush, "f");
        Flush("f", """{"nodeName":"not-there","match":{"all":true}}""");
        await Until(() => Phase("f") == "Failed", () => seen.Add(Phase("f")), "the new one has its own end");
        Assert.DoesNotContain("Running", seen);
        Assert.Empty(Planned("n1"));
    }

    private JsonNode? Status(string name) => Server.Get(ResourceType.ConntrackFlush, name)?["status"];

    private static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    private static Task Until(Func<bool> condition, Action meanwhile, string what) => Eventually.UntilAsync(condition, meanwhile, what);

    private static bool IsWrite(RequestRecord r) => r is { User: User, Verb: "patch", Plural: "conntrackflushes" };

    private async Task<RunningController> StartAsync(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await Cluster.CreateNodeAsync(node);
        }

        var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "the policy is ready");
        // From here on nobody but the test reports.
        Fleet.IsThere = _ => false;
        return controller;
    }

    private RunningController Start() =>
        RunningController.Lead(new ServerConnection { Server = Server.BaseAddress, Token = User }.Connect(), null, null, _log);

    private void Flush(string name, string spec) =>
        Server.Put(ResourceType.ConntrackFlush, $$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}} }""");

    /// <summary>The node's agent reports on all flushes of its plan.</summary>
    private void Do(string node, long matched = 1)
    {
        var plan = Server.Get(ResourceType.ConntrackNode, node)!["spec"]!["flushes"]?.AsArray() ?? [];
        var reports = new JsonArray(
            [.. plan.Select(
                f => new JsonObject { ["uid"] = f!["uid"]!.GetValue<string>(), ["matched"] = matched, ["deleted"] = matched })]);
        Server.Merge(
            ResourceType.ConntrackNode, node, new JsonObject { ["status"] = new JsonObject { ["flushes"] = reports } }.ToJsonString(),
            null, "status");
    }

    private List<string> Planned(string node) =>
        [.. (Server.Get(ResourceType.ConntrackNode, node)?["spec"]?["flushes"]?.AsArray() ?? [])
            .Select(f => f!["name"]!.GetValue<string>())];

    private int Phases(string phase) => Server.All(ResourceType.ConntrackFlush).Count(f => Phase(f) == phase);

    private string? Phase(string name) => Server.Get(ResourceType.ConntrackFlush, name) is { } flush ? Phase(flush) : null;

    private static string? Phase(JsonObject flush) => flush["status"]?["phase"]?.GetValue<string>();

    private static JsonNode? Condition(JsonObject flush) =>
        flush["status"]?["conditions"]?.AsArray().FirstOrDefault(c => c!["type"]!.GetValue<string>() == "Complete");
}
