using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Tests.Policies;

public sealed class PolicyEvaluatorTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly FieldError[] _invalid = [new("table.size.entries", "5", "must be 1024 to 134217728")];

    public static TheoryData<string, PolicyNodeCounts, int, bool, bool, string, string, string> Cases => new()
    {
        // what, nodes, pending, deleting, invalid, Ready, Reconciling, Stalled
        { "all nodes hold it", new() { Selected = 3, Ready = 3 }, 0, false, false, "True AllNodesReady", "False Done", "False NotStalled" },
        { "no node is selected", new(), 0, false, false, "True NoNodes", "False Done", "False NotStalled" },
        { "nodes wait for their plan", new() { Selected = 3, Ready = 3 }, 2, false, false, "False Planning", "True Planning",
            "False NotStalled" },
        { "nodes are being changed", new() { Selected = 3, Ready = 2, Updating = 1 }, 0, false, false, "False Updating", "True Updating",
            "False NotStalled" },
        { "nodes wait for their turn", new() { Selected = 3, Ready = 1, Waiting = 2 }, 0, false, false, "False RollingOut",
            "True RollingOut", "False NotStalled" },
        { "nodes wait, one fails", new() { Selected = 3, Failed = 1, Waiting = 2 }, 0, false, false, "False NodesFailed",
            "True RollingOut", "True NodesFailed" },
        { "a node fails", new() { Selected = 3, Ready = 2, Failed = 1 }, 0, false, false, "False NodesFailed", "False Done",
            "True NodesFailed" },
        { "a node fails, others are being changed", new() { Selected = 3, Updating = 2, Failed = 1 }, 0, false, false, "False NodesFailed",
            "True Updating", "True NodesFailed" },
        { "a node is contested", new() { Selected = 3, Ready = 2, Drifted = 1 }, 0, false, false, "False Contested", "False Done",
            "True Contested" },
        { "a node is away", new() { Selected = 3, Ready = 2, Unreachable = 1 }, 0, false, false, "False NodesUnreachable", "False Done",
            "False NotStalled" },
        { "it is not valid", new(), 1, false, true, "False Invalid", "False Invalid", "True Invalid" },
        { "it is being deleted", new() { Selected = 0 }, 1, true, false, "False Deleting", "True Deleting", "False NotStalled" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Conditions_read_as_kstatus_does(
        string what, PolicyNodeCounts nodes, int pending, bool deleting, bool invalid, string ready, string reconciling, string stalled)
    {
        var aggregate = Snapshot(nodes, pending);
        var conditions = PolicyConditions.Evaluate(new("p", aggregate, invalid ? _invalid : [], deleting), null, 7, _now);
        Assert.Equal(
            [(what, ready), (what, reconciling), (what, stalled)], conditions.Take(3).Select(c => (what, $"{c.Status} {c.Reason}")));
        Assert.Equal(["Ready", "Reconciling", "Stalled", "Conflict", "Pressure"], conditions.Select(c => c.Type));
        Assert.All(conditions, c => Assert.Equal((7, _now), (c.ObservedGeneration, c.LastTransitionTime)));
        Assert.All(conditions, c => Assert.False(string.IsNullOrEmpty(c.Message)));
    }

    [Fact]
    public void Time_of_a_transition_moves_with_the_status_alone()
    {
        var old = new Condition { Type = "Ready", Status = "False", Reason = "Updating", Message = "m", LastTransitionTime = _now };
        var later = _now.AddMinutes(1);
        var same = PolicyConditions.Evaluate(new("p", Snapshot(new() { Selected = 1, Failed = 1 }), [], false), [old], 1, later)[0];
        Assert.Equal(("NodesFailed", _now), (same.Reason, same.LastTransitionTime));
        var other = PolicyConditions.Evaluate(new("p", Snapshot(new() { Selected = 1, Ready = 1 }), [], false), [old], 1, later)[0];
        Assert.Equal(later, other.LastTransitionTime);
    }

    [Fact]
    public void Rollout_says_how_far_it_is_and_why_it_does_not_go_on()
    {
        var aggregate = Snapshot(new() { Selected = 120, Ready = 12, Waiting = 78, Updating = 30 }) with { Rollout = Rollout() };
        Assert.Equal("12 of 120 nodes changed, 30 at once", Of("Reconciling", aggregate).Message);
        var stuck = Of("Reconciling", aggregate with { Rollout = Rollout() with { Stuck = 30 } });
        Assert.Equal("RollingOut", stuck.Reason);
        Assert.Equal(
            "12 of 120 nodes changed, 30 at once, and 30 that failed take every place: mend them (status.failures says what is wrong), "
                + "or edit the policy", stuck.Message);
        var paused = aggregate with { Rollout = Rollout() with { IsPaused = true, Dropping = 5, DroppingNodes = ["n1", "n2", "n3"] } };
        Assert.Equal(Of("Reconciling", paused), Of("Ready", paused) with { Status = true });
        Assert.Equal((true, "RolloutPaused"), Of("Reconciling", paused) is var result ? (result.Status, result.Reason) : default);
        Assert.StartsWith(
            "12 of 120 nodes changed; n1, n2, n3 and 2 more dropped no packets before the change and do now. It goes on by itself",
            result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rollout_that_no_node_waits_for_is_not_paused()
    {
        var aggregate = Snapshot(new() { Selected = 2, Ready = 2 }) with
        {
            Rollout = Rollout() with { IsPaused = true, Dropping = 1, DroppingNodes = ["n1"] },
        };
        Assert.Equal("AllNodesReady", Of("Ready", aggregate).Reason);
        Assert.Equal("Done", Of("Reconciling", aggregate).Reason);
    }

    private static RolloutProgress Rollout() =>
        new() { AtOnce = 30, Changing = 30, Stuck = 0, IsPaused = false, Dropping = 0, DroppingNodes = [] };

    [Fact]
    public void Failure_is_told_with_an_example()
    {
        var aggregate = Snapshot(new() { Selected = 3, Failed = 2 }) with
        {
            Failures = [new NodeFailure { Name = "n1", Reason = "ReadOnly", Message = "no right" }],
        };
        Assert.Equal("2 of 3 nodes: n1: ReadOnly: no right", Of("Ready", aggregate).Message);
    }

    [Fact]
    public void Every_error_of_an_invalid_policy_is_told_up_to_five()
    {
        var errors = Enumerable.Range(0, 7).Select(i => new FieldError($"f{i}", "x", "bad")).ToArray();
        var message = PolicyConditions.Evaluate("Stalled", new("p", Snapshot(new()), errors, false)).Message;
        Assert.All(errors[..5], e => Assert.Contains(e.ToString(), message, StringComparison.Ordinal));
        Assert.DoesNotContain("f5", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Conflict_reads_from_either_side_with_nodes_and_what_to_do()
    {
        var aggregate = Snapshot(new()) with
        {
            Conflicts = [new ConflictSummary("timeouts.generic", "old", "10m", "new", "5m", 5, ["n1", "n2", "n3"])],
            ConflictCount = 1,
        };
        Assert.Equal(
            "timeouts.generic on 5 nodes (n1, n2, n3, …): new asks 5m, this policy's 10m stands since it is older. Give one of them a "
                + "higher priority",
            Of("Conflict", aggregate, "old").Message);
        Assert.Equal(
            "timeouts.generic on 5 nodes (n1, n2, n3, …): the older old sets 10m, this policy's 5m does not count. Give one of them a "
                + "higher priority",
            Of("Conflict", aggregate, "new").Message);
    }

    [Fact]
    public void More_than_three_disputed_fields_are_counted()
    {
        var aggregate = Snapshot(new()) with
        {
            Conflicts = [.. Enumerable.Range(1, 3).Select(i => new ConflictSummary($"f{i}", "old", "1", "new", "2", 1, ["n1"]))],
            ConflictCount = 5,
        };
        Assert.Contains("; and 2 more. Give", Of("Conflict", aggregate, "new").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, "False Normal")]
    [InlineData(2, 0, "True Warning")]
    [InlineData(2, 1, "True Critical")]
    public void Pressure_is_that_of_the_worst_node(int warning, int critical, string expected)
    {
        var result = Of("Pressure", Snapshot(new()) with { Warning = warning, Critical = critical });
        Assert.Equal(expected, $"{result.Status} {result.Reason}");
    }

    [Theory]
    [InlineData(0, 0, "no usage is known")]
    [InlineData(0, 1, "1 node without a limit (nf_conntrack_max is 0)")]
    [InlineData(0, 3, "3 nodes without a limit (nf_conntrack_max is 0)")]
    [InlineData(91, 0, "n7 is 91% full")]
    [InlineData(91, 2, "n7 is 91% full; 2 nodes without a limit (nf_conntrack_max is 0)")]
    public void Pressure_says_the_fullest_and_how_many_have_no_limit(int percent, int without, string expected)
    {
        var aggregate = Snapshot(new()) with
        {
            Hottest = percent == 0 ? [] : [new HotNode { Name = "n7", Percent = percent }],
            NodesWithoutLimit = without,
        };
        Assert.Equal(expected, Of("Pressure", aggregate).Message);
        Assert.Equal("1 node; " + expected, Of("Pressure", aggregate with { Warning = 1 }).Message);
    }

    private static ConditionResult Of(string type, PolicyAggregateSnapshot aggregate, string policy = "p") =>
        PolicyConditions.Evaluate(type, new(policy, aggregate, [], false));

    internal static PolicyAggregateSnapshot Snapshot(PolicyNodeCounts nodes, int pending = 0) => new()
    {
        Pending = pending,
        Nodes = new PolicyNodeCounts
        {
            Selected = nodes.Selected ?? 0,
            Ready = nodes.Ready ?? 0,
            Updating = nodes.Updating ?? 0,
            Waiting = nodes.Waiting ?? 0,
            Drifted = nodes.Drifted ?? 0,
            Failed = nodes.Failed ?? 0,
            Unreachable = nodes.Unreachable ?? 0,
        },
        Entries = 0,
        Limit = 0,
        TableFullDropsPerMinute = 0,
        Hottest = [],
        Failures = [],
        Conflicts = [],
        Warning = 0,
        Critical = 0,
    };
}
