using System.Collections.Concurrent;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>
/// What somebody's own admission policy says no to. The controller has a clock of the test's, so that how often it tries is told by that
/// clock and not by how fast this machine is.
/// </summary>
public sealed class RefusalTests() : SimulatedClusterTest(User)
{
    private const string User = "controller";
    private readonly ListLog _log = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ConcurrentQueue<long> _attempts = new();

    [Fact]
    public async Task Finalizer_that_is_refused_is_told_in_log_condition_and_event_and_is_not_tried_all_the_time()
    {
        await Cluster.CreateNodeAsync("n1");
        Refuse(IsFinalizer);
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.Condition("p", "Stalled") == "True FinalizerRefused", "the condition says so");
        await Cluster.EventAsync("p", "FinalizerRefused");
        Assert.Contains(
            "the test wants it so", Cluster.Policy("p")!.Status!.Conditions!.Find(c => c.Type == "Stalled")!.Message,
            StringComparison.Ordinal);
        await Until(() => Cluster.Policy("p")!.Status!.Nodes!.Ready == 1, "the nodes are planned all the same");
        await ReportAsync("p", 40);
        AssertWaitsDouble("The finalizer of ConntrackPolicy p was refused");
        Server.Faults.Clear();
        await Until(
            () => Cluster.Policy("p")!.Metadata!.Finalizers is { Count: 1 } && Cluster.Condition("p", "Stalled") == "False NotStalled",
            "it is put on when nobody refuses any more");
    }

    [Fact]
    public async Task Finalizer_whose_removal_is_refused_is_told_and_tried_now_and_then()
    {
        await Cluster.CreateNodeAsync("n1");
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p"), "it is ready");
        Refuse(IsFinalizer);
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Condition("p", "Stalled") == "True FinalizerRefused", "the condition says so");
        await Cluster.EventAsync("p", "FinalizerRefused");
        await Until(() => _attempts.Count >= 3, "it is tried now and then");
        AssertWaitsDouble("The finalizer of ConntrackPolicy p was refused");
        Server.Faults.Clear();
        await Until(() => Cluster.Policy("p") is null, "it goes when nobody refuses any more");
    }

    [Fact]
    public async Task Status_that_is_refused_is_told_in_log_and_event_and_is_not_tried_at_every_report()
    {
        await Cluster.CreateNodeAsync("n1");
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Cluster.ApplyAsync("other", """{"timeouts":{"udp":{"unreplied":"20s"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.IsReady("other"), "both are ready");
        Refuse(IsStatus);
        await ReportAsync("other", 60);
        await Cluster.EventAsync("p", "StatusRefused");
        AssertWaitsDouble("The status of ConntrackPolicy p was refused");
        // An edit may well be accepted: it is tried at once.
        Server.Faults.Clear();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Hottest == "n1 59%", "the status is of now");
    }

    [Fact]
    public async Task Plan_that_is_refused_fails_its_node_and_is_not_tried_at_every_report_of_it()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2");
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == 2, "both are ready");
        Refuse(r => IsPlan(r, "n1"));
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(
            () => Cluster.Policy("p")!.Status is { Nodes: { Failed: 1, Ready: 1 }, Failures: [{ Name: "n1", Reason: "PlanRefused" }] },
            "the status says which and why");
        await ReportAsync("p", 40);
        AssertWaitsDouble("The plan of node n1 was refused");
        Assert.Contains(_log.Lines, line => line.Contains("The plan of node n1 was refused, again in 2 s", StringComparison.Ordinal));
        Server.Faults.Clear();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"2h"}}}""");
        await Until(() => Cluster.IsReady("p") && Cluster.Policy("p")!.Status!.Nodes!.Ready == 2, "an edit is tried at once");
    }

    [Fact]
    public async Task Condition_of_a_Node_that_may_not_be_written_is_told_on_the_policy_and_holds_nothing_up()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.CreateNodeAsync("n2");
        Server.Faults.Add(IsNodeStatus, int.MaxValue, FaultAction.Answer(403, "Forbidden"));
        await using var controller = Start();
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}},"pressure":{"nodeCondition":true}}""");
        await Cluster.EventAsync("p", "NodeConditionRefused");
        await Until(() => Cluster.IsReady("p"), "the policy is ready all the same");
        Assert.Contains(
            _log.Lines,
            line => line.Contains("The condition ConntrackPressure of node n", StringComparison.Ordinal)
                && line.Contains(" was refused, again in 2 s", StringComparison.Ordinal));
        var (before, started) = (Server.Requests.Count(IsNodeStatus), TimeProvider.System.GetTimestamp());
        foreach (var percent in new[] { 80, 10, 95, 20 })
        {
            Fleet.Use("n1", percent);
            await Until(() => Cluster.Plan("n1")!.Status!.Table!.Percent == percent, "it is reported");
        }

        // Those whose time has come meanwhile, after 2, 4, 8 … seconds: the reports themselves bring none, nor does the other node.
        var attempts = Server.Requests.Count(IsNodeStatus) - before;
        var elapsed = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        Assert.InRange(attempts, 0, 1 + (int)Math.Log2((elapsed / 2) + 1));
        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
        await Until(() => Cluster.Policy("p") is null && Cluster.Plan("n1") is null, "it goes all the same");
    }

    private static bool IsNodeStatus(RequestRecord r) => r is { User: User, Verb: "patch", Plural: "nodes", Subresource: "status" };

    private static bool IsPlan(RequestRecord r, string node) =>
        r is { User: User, Verb: "patch", Plural: "conntracknodes", Subresource: null } && r.Name == node;

    private static bool IsFinalizer(RequestRecord r) => r is { User: User, Verb: "patch", Plural: "conntrackpolicies", Subresource: null };

    private static bool IsStatus(RequestRecord r) =>
        r is { User: User, Verb: "patch", Plural: "conntrackpolicies", Subresource: "status", Name: "p" };

    private Task Until(Func<bool> condition, string what) =>
        Eventually.UntilAsync(condition, () => _time.Advance(TimeSpan.FromMilliseconds(20)), what);

    private RunningController Start() =>
        RunningController.Lead(new ServerConnection { Server = Server.BaseAddress, Token = User }.Connect(), null, null, _log, _time);

    private void Refuse(Func<RequestRecord, bool> refused) => Server.Faults.Add(
        request =>
        {
            var isRefused = refused(request);
            if (isRefused)
            {
                _attempts.Enqueue(_time.GetTimestamp());
            }

            return isRefused;
        },
        int.MaxValue,
        FaultAction.Answer(422, "Invalid"));

    /// <summary>Lets node n1 report twenty times, and waits until a policy's status shows each.</summary>
    private async Task ReportAsync(string policy, int end)
    {
        for (var percent = end - 20; percent < end; percent++)
        {
            Fleet.Use("n1", percent);
            await Until(() => Cluster.Policy(policy)!.Status!.Hottest == $"n1 {percent}%", $"the status of {policy} shows {percent}%");
        }
    }

    /// <summary>
    /// Each attempt came at least as long after the one before as the doubled wait, by the controller's clock, and was logged.
    /// </summary>
    private void AssertWaitsDouble(string logged)
    {
        long[] attempts = [.. _attempts];
        Assert.NotEmpty(attempts);
        for (var i = 1; i < attempts.Length; i++)
        {
            var least = RefusedWrites.FirstWait * Math.Pow(2, i - 1);
            Assert.True(_time.GetElapsedTime(attempts[i - 1], attempts[i]) >= least, $"attempt {i + 1} came before {least} had passed");
        }

        Assert.InRange(_log.Lines.Count(line => line.Contains(logged, StringComparison.Ordinal)), 1, _attempts.Count);
    }
}
