using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Flushes;

namespace ConntrackOperator.Controller.Tests.Flushes;

public sealed class FlushEvaluatorTests
{
    private static readonly ControllerOptions _options = new();
    private static readonly DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private static readonly FlushStatus _running = new() { Phase = FlushPhase.Running };

    [Fact]
    public void Sums_of_what_nodes_claim_do_not_overflow_and_the_flush_ends()
    {
        var nodes = Enumerable.Range(0, FlushEvaluator.MostNodes)
            .Select(
                i => FlushEvaluator.Judge("u", $"n{i}", Node(i % 2 == 0 ? long.MaxValue : long.MinValue), true, TimeSpan.Zero, _options))
            .ToList();
        var status = FlushEvaluator.Sum(_running, nodes, dryRun: false, _now);
        Assert.Equal(FlushPhase.Succeeded, status.Phase);
        Assert.Equal(4294967295L * 2500, status.Matched);
        Assert.Equal(4294967295L * 2500, status.Deleted);
    }

    [Fact]
    public void Counts_of_one_node_that_are_approximate_make_the_sum_so_and_stay_so_when_the_node_is_gone()
    {
        var exact = FlushEvaluator.Judge("u", "a", Node(7), true, TimeSpan.Zero, _options);
        Assert.Null(FlushEvaluator.Sum(_running, [exact], dryRun: false, _now).Approximate);
        var about = FlushEvaluator.Judge("u", "b", Node(30_000, approximate: true), true, TimeSpan.Zero, _options);
        var status = FlushEvaluator.Sum(_running, [exact, about], dryRun: false, _now);
        Assert.Equal((true, 30_007L), (status.Approximate, status.Deleted));
        Assert.Equal([null, true], status.Results!.Select(r => r.Approximate));
        Assert.Contains(status.Conditions!, c => c is { Type: "Complete", Message: "about 30007 entries deleted on 2 of 2 nodes" });
        var again = FlushEvaluator.Sum(status, [.. status.Results!.Select(r => FlushEvaluator.Judge(r, null))], dryRun: false, _now);
        Assert.True(again.Approximate);
        Assert.Equal(status.Results, again.Results);
    }

    [Fact]
    public void Text_of_a_nodes_error_is_cut()
    {
        var failed = FlushEvaluator.Judge("u", "n", Node(0, new string('x', 900_000)), true, TimeSpan.Zero, _options);
        var status = FlushEvaluator.Sum(_running, [failed], dryRun: false, _now);
        Assert.Equal(FlushPhase.Failed, status.Phase);
        Assert.Equal(256, status.Failures![0].Message!.Length);
        Assert.All(status.Conditions!, condition => Assert.True(condition.Message!.Length < 400));
    }

    [Theory]
    [InlineData(31, true, false, null)]
    [InlineData(30, false, false, null)]
    [InlineData(31, false, false, "NodeAway")]
    [InlineData(300, true, false, null)]
    [InlineData(301, true, false, "TimedOut")]
    [InlineData(301, true, true, null)]
    public void Node_that_has_not_done_it_fails_it_in_time(int seconds, bool ready, bool done, string? reason)
    {
        var node = done ? Node(1) : Node(1) with { Status = new NodeStatus() };
        Assert.Equal(reason, FlushEvaluator.Judge("u", "n", node, ready, TimeSpan.FromSeconds(seconds), _options).Failure?.Reason);
    }

    [Fact]
    public void What_a_node_has_reported_stands_when_the_node_is_gone()
    {
        List<FlushProgress> first =
        [
            FlushEvaluator.Judge("u", "a", Node(7), true, TimeSpan.Zero, _options),
            FlushEvaluator.Judge("u", "b", Node(2, "the disk is full"), true, TimeSpan.Zero, _options),
            FlushEvaluator.Judge("u", "c", Node(1) with { Status = new NodeStatus() }, true, TimeSpan.Zero, _options),
        ];
        var before = FlushEvaluator.Sum(_running, first, dryRun: false, _now);
        Assert.Equal(
            (FlushPhase.Running, 9L, 9L, 1, 1), (before.Phase, before.Matched, before.Deleted, before.Nodes!.Done, before.Nodes.Failed));

        List<FlushProgress> then =
        [
            .. before.Results!.Select(r => FlushEvaluator.Judge(r, before.Failures)),
            FlushEvaluator.Judge("u", "c", null, null, TimeSpan.Zero, _options),
        ];
        var after = FlushEvaluator.Sum(before, then, dryRun: false, _now);
        Assert.Equal((FlushPhase.Failed, 9L, 9L, 1, 2), (after.Phase, after.Matched, after.Deleted, after.Nodes!.Done, after.Nodes.Failed));
        Assert.Equal([("b", "the disk is full"), ("c", "the node, or its ConntrackNode, is gone")], after.Failures!.Select(f => (
            f.Name!, f.Message!)));
        Assert.Equal(before.Results, after.Results);
    }

    [Theory]
    [InlineData(1, "node a has 32 flushes to do already; this one begins when enough of those are over")]
    [InlineData(3, "3 nodes, such as a, have 32 flushes to do already; this one begins when enough of those are over")]
    public void Flush_that_waits_says_where(int full, string message)
    {
        var status = FlushEvaluator.Waiting(["a", .. new[] { "b", "c" }.Take(full - 1)], null, _now);
        Assert.Equal(FlushPhase.Pending, status.Phase);
        var condition = Assert.Single(status.Conditions!);
        Assert.Equal(("Complete", "False", "Waiting", message), (condition.Type, condition.Status, condition.Reason, condition.Message));
    }

    private static ConntrackNode Node(long count, string? error = null, bool? approximate = null) => new()
    {
        Metadata = new ObjectMeta { Name = "n" },
        Status = new NodeStatus
        {
            Flushes = [new NodeFlushStatus { Uid = "u", Matched = count, Deleted = count, Error = error, Approximate = approximate }],
        },
    };
}
