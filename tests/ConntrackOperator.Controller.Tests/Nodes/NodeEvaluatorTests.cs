using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Tests.Nodes;

public sealed class NodeEvaluatorTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly NodeSpec _plan = new() { Settings = [new NodeSetting { Name = "x", Value = 1, Policy = "p" }] };

    public static TheoryData<SettingState, string> States => new()
    {
        { SettingState.InSync, nameof(NodePolicyState.Ready) },
        { SettingState.Observed, nameof(NodePolicyState.Ready) },
        { SettingState.NotSupported, nameof(NodePolicyState.Ready) },
        { SettingState.Pending, nameof(NodePolicyState.Updating) },
        { SettingState.Held, nameof(NodePolicyState.Updating) },
        { SettingState.Contested, nameof(NodePolicyState.Drifted) },
        { SettingState.ReadOnly, nameof(NodePolicyState.Failed) },
        { SettingState.Failed, nameof(NodePolicyState.Failed) },
    };

    [Fact]
    public void Every_state_of_a_setting_has_a_meaning() =>
        Assert.Equal(Enum.GetValues<SettingState>().Order(), States.Select(row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(States))]
    public void State_of_a_setting_is_the_nodes(SettingState state, string expected)
    {
        var status = Evaluate(Node([Setting(state)]));
        Assert.Equal(expected, status.State.ToString());
        Assert.Equal(expected == "Ready" ? (null, null) : (state.ToString(), "x: why"), (status.Reason, status.Message));
    }

    [Fact]
    public void Worst_setting_counts_whatever_the_order()
    {
        SettingStatus[] settings = [
            Setting(SettingState.Held), Setting(SettingState.Failed), Setting(SettingState.Contested), Setting(SettingState.InSync)];
        Assert.Equal("Failed", Evaluate(Node(settings)).Reason);
        Assert.Equal("Failed", Evaluate(Node([.. settings.Reverse()])).Reason);
    }

    [Fact]
    public void Setting_of_another_policy_does_not_count() =>
        Assert.Equal(NodePolicyState.Ready, Evaluate(Node([Setting(SettingState.Failed, "other")])).State);

    [Theory]
    [InlineData(4, 5, nameof(NodePolicyState.Updating))]
    [InlineData(5, 5, nameof(NodePolicyState.Ready))]
    [InlineData(6, 5, nameof(NodePolicyState.Ready))]
    public void Report_on_an_earlier_plan_is_no_report_on_this_one(long observed, long generation, string expected) =>
        Assert.Equal(
            expected,
            NodeEvaluator.Evaluate("p", _plan, generation, new(Node([Setting(SettingState.InSync)], observed), true, TimeSpan.Zero)).State
                .ToString());

    [Fact]
    public void Node_that_is_not_ready_is_unreachable_whatever_it_said() =>
        Assert.Equal(
            (NodePolicyState.Unreachable, "NodeNotReady"),
            Of(NodeEvaluator.Evaluate("p", _plan, 5, new(Node([Setting(SettingState.Failed)]), false, TimeSpan.Zero))));

    [Theory]
    [InlineData(25, nameof(NodePolicyState.Ready))]
    [InlineData(26, nameof(NodePolicyState.Unreachable))]
    public void Agent_that_missed_two_heartbeats_is_silent(int minutes, string expected) =>
        Assert.Equal(
            expected,
            NodeEvaluator.Evaluate("p", _plan, 5, new(Node([Setting(SettingState.InSync)]), true, TimeSpan.FromMinutes(minutes))).State
                .ToString());

    [Theory]
    [InlineData(5, "Updating")]
    [InlineData(6, "NoAgent")]
    public void Agent_has_five_minutes_for_its_first_report(int minutes, string reason)
    {
        var node = new ConntrackNode { Metadata = new ObjectMeta { Name = "n", Generation = 1, CreationTimestamp = _now } };
        Assert.Equal(reason, NodeEvaluator.Evaluate("p", _plan, 1, new(node, true, TimeSpan.FromMinutes(minutes))).Reason);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void Clock_of_a_node_makes_nobody_silent_and_keeps_nobody_alive(string reportedAt)
    {
        var node = Node([Setting(SettingState.InSync)]);
        node = node with
        {
            Status = node.Status! with { ReportedAt = DateTimeOffset.Parse(reportedAt, System.Globalization.CultureInfo.InvariantCulture) },
        };
        Assert.Equal(NodePolicyState.Ready, NodeEvaluator.Evaluate("p", _plan, 5, new(node, true, TimeSpan.FromMinutes(25))).State);
        Assert.True(new NodeObservation(node, true, TimeSpan.FromMinutes(25)).IsAvailable);
        Assert.Equal("AgentSilent", NodeEvaluator.Evaluate("p", _plan, 5, new(node, true, TimeSpan.FromMinutes(26))).Reason);
        Assert.False(new NodeObservation(node, true, TimeSpan.FromMinutes(26)).IsAvailable);
    }

    [Fact]
    public void Node_whose_report_can_not_be_read_is_failed_and_gets_no_change()
    {
        var node = Node([Setting(SettingState.InSync)]);
        Assert.Equal(
            (NodePolicyState.Failed, "ReportUnreadable"),
            Of(NodeEvaluator.Evaluate("p", _plan, 5, new(node, true, TimeSpan.Zero, IsReadable: false))));
        Assert.False(new NodeObservation(node, true, TimeSpan.Zero, IsReadable: false).IsAvailable);
    }

    [Fact]
    public void Plan_that_is_not_there_yet_is_being_made() =>
        Assert.Equal("Updating", NodeEvaluator.Evaluate("p", _plan, null, new(null, true, TimeSpan.Zero)).Reason);

    [Fact]
    public void Refused_setting_fails_the_policy_that_asks_for_it_and_no_other()
    {
        var plan = _plan with
        {
            Refused = [new RefusedSetting { Name = "nf_conntrack_max", Policy = "p", Reason = "OverMemoryLimit", Message = "too large" }],
        };
        var node = Node([Setting(SettingState.InSync)]);
        Assert.Equal((NodePolicyState.Failed, "OverMemoryLimit"), Of(NodeEvaluator.Evaluate("p", plan, 5, new(node, true, TimeSpan.Zero))));
        Assert.Equal(NodePolicyState.Ready, NodeEvaluator.Evaluate("other", plan, 5, new(node, true, TimeSpan.Zero)).State);
    }

    [Fact]
    public void Missing_module_fails_every_policy()
    {
        var node = Node([Setting(SettingState.Pending)]);
        node = node with
        {
            Status = node.Status! with
            {
                Conditions = [new Condition { Type = "Applied", Status = "False", Reason = "ModuleNotLoaded", Message = "modprobe" }],
            },
        };
        Assert.Equal((NodePolicyState.Failed, "ModuleNotLoaded"), Of(Evaluate(node)));
    }

    [Fact]
    public void Node_is_released_only_when_its_agent_has_seen_the_empty_plan_and_nothing_is_left()
    {
        Assert.False(NodeReconciler.IsReleased(Node([Setting(SettingState.Pending)])));
        Assert.False(NodeReconciler.IsReleased(Node([], observed: 4)));
        Assert.True(NodeReconciler.IsReleased(Node([])));
        Assert.True(NodeReconciler.IsReleased(new ConntrackNode { Metadata = new ObjectMeta { Generation = 5 } }));
    }

    private static NodePolicyStatus Evaluate(ConntrackNode node) => NodeEvaluator.Evaluate("p", _plan, 5, new(node, true, TimeSpan.Zero));

    private static (NodePolicyState, string?) Of(NodePolicyStatus status) => (status.State, status.Reason);

    private static SettingStatus Setting(SettingState state, string policy = "p") =>
        new() { Name = "x", Policy = policy, State = state, Message = "why" };

    private static ConntrackNode Node(SettingStatus[] settings, long observed = 5) => new()
    {
        Metadata = new ObjectMeta { Name = "n", Generation = 5, CreationTimestamp = _now.AddDays(-1) },
        Status = new NodeStatus { ObservedGeneration = observed, Settings = [.. settings], ReportedAt = _now },
    };
}
