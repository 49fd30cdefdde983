using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Rollouts;

namespace ConntrackOperator.Controller.Tests.Rollouts;

public sealed class NodeRolloutStateTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    public void Node_is_being_changed_until_its_agent_has_observed_what_came_after_the_mark(long observed, bool changing) =>
        Assert.Equal(changing, Of(Node(observed, checkpoint: new(4, 0, _now))).IsChanging);

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void Node_has_failed_when_its_agent_says_so_of_the_last_change(long observed, bool failed)
    {
        var result = Of(Node(observed, checkpoint: new(4, 0, _now), state: SettingState.Failed));
        Assert.Equal((true, true, failed), (result.IsChanging, result.HoldsSlot, result.HasFailed));
    }

    [Theory]
    [InlineData(SettingState.InSync, false)]
    [InlineData(SettingState.NotSupported, false)]
    [InlineData(SettingState.Observed, false)]
    [InlineData(SettingState.Pending, true)]
    [InlineData(SettingState.Held, true)]
    [InlineData(SettingState.Contested, true)]
    [InlineData(SettingState.ReadOnly, true)]
    [InlineData(SettingState.Failed, true)]
    public void Setting_that_is_not_in_force_keeps_the_place(SettingState state, bool keeps)
    {
        var result = Of(Node(5, checkpoint: new(4, 0, _now), state: state));
        Assert.Equal((keeps, keeps, keeps), (result.IsChanging, result.HoldsSlot, result.HasFailed));
    }

    [Fact]
    public void Setting_that_is_still_being_put_back_keeps_the_place()
    {
        var node = Node(5, checkpoint: new(4, 0, _now));
        Assert.True(
            Of(node with
            {
                Status = node.Status! with
                {
                    Settings = [.. node.Status.Settings!, new() { Name = "y", Policy = "p", State = SettingState.InSync }],
                },
            }).IsChanging);
    }

    [Fact]
    public void Setting_of_another_policy_does_not_count()
    {
        var node = Node(5, checkpoint: new(4, 0, _now));
        Assert.False(
            Of(node with
            {
                Status = node.Status! with
                {
                    Settings = [.. node.Status.Settings!, new() { Name = "y", Policy = "q", Desired = 1, State = SettingState.Failed }],
                },
            }).IsChanging);
    }

    [Fact]
    public void Node_without_the_module_is_in_nobodys_way()
    {
        var node = Node(5, checkpoint: new(4, 0, _now), state: SettingState.Pending);
        var applied = new Condition { Type = "Applied", Status = "False", Reason = "ModuleNotLoaded" };
        Assert.False(Of(node with { Status = node.Status! with { Conditions = [applied] } }).IsChanging);
    }

    [Fact]
    public void Change_from_before_there_was_a_rollout_shows_by_what_the_agent_does_not_know_of()
    {
        Assert.False(Of(Node(4, checkpoint: null)).IsChanging);
        var given = Node(4, checkpoint: null) with { Spec = new NodeSpec { Settings = [new() { Name = "x", Value = 2, Policy = "p" }] } };
        Assert.Equal(new NodeRolloutState(true, false), Of(given));
        Assert.Equal(new NodeRolloutState(true, false), Of(given with { Spec = new NodeSpec { Settings = [] } }));
    }

    [Theory]
    [InlineData(0, 0, 5, false)]
    [InlineData(0, 7, 5, true)]
    [InlineData(7, 7, 5, false)]
    [InlineData(1, 900, 5, false)]
    [InlineData(0, 7, 4, false)]
    public void Drops_count_when_there_were_none_before_the_change_and_it_is_known_to_the_agent(
        long before, long now, long observed, bool began) =>
        Assert.Equal(began, Of(Node(observed, checkpoint: new(4, before, _now), drops: now)).BeganToDrop);

    [Fact]
    public void Drops_of_a_node_that_no_rollout_has_changed_do_not_count() =>
        Assert.False(Of(Node(5, checkpoint: null, drops: 7)).BeganToDrop);

    [Theory]
    [InlineData(4, 9, true)]
    [InlineData(4, 10, false)]
    [InlineData(5, 0, false)]
    public void Node_that_goes_away_with_a_change_under_way_keeps_its_place_for_ten_minutes(long observed, int minutes, bool keeps) =>
        Assert.Equal(
            keeps,
            NodeRolloutState.Of(
                "p", Node(observed, checkpoint: new(4, 0, _now), drops: 7), false, _now.AddMinutes(minutes)) == new NodeRolloutState(
                    true, false));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"p":null}""")]
    [InlineData("""{"p":{"after":"x"}}""")]
    public void Annotation_that_somebody_spoilt_counts_as_none(string text)
    {
        var node = Node(5, checkpoint: null);
        Assert.Null(
            RolloutCheckpoints.Of(
                node with { Metadata = node.Metadata! with { Annotations = new() { [ApiGroup.RolloutAnnotation] = text } } })
                .GetValueOrDefault("p"));
    }

    [Fact]
    public void Marks_come_back_as_they_were_and_are_written_in_one_way()
    {
        Dictionary<string, RolloutCheckpoint> checkpoints = new() { ["q"] = new(1, 2, _now), ["p"] = new(3, 0, _now) };
        var written = RolloutCheckpoints.Annotations(checkpoints)!;
        Assert.Equal(
            """{"p":{"after":3,"drops":0,"at":"2026-01-31T12:00:00Z"},"q":{"after":1,"drops":2,"at":"2026-01-31T12:00:00Z"}}""",
            Assert.Single(written).Value);
        Assert.Equal(
            checkpoints.OrderBy(m => m.Key),
            RolloutCheckpoints.Of(new ConntrackNode { Metadata = new ObjectMeta { Annotations = written } }).OrderBy(m => m.Key));
        Assert.Null(RolloutCheckpoints.Annotations(new Dictionary<string, RolloutCheckpoint>()));
    }

    private static NodeRolloutState Of(ConntrackNode node) => NodeRolloutState.Of("p", node, true, _now);

    private static ConntrackNode Node(
        long observed, RolloutCheckpoint? checkpoint, SettingState state = SettingState.InSync, long drops = 0) => new()
        {
            Metadata = new ObjectMeta
            {
                Name = "n",
                Generation = 5,
                Annotations = checkpoint is null
                ? null : RolloutCheckpoints.Annotations(new Dictionary<string, RolloutCheckpoint> { ["p"] = checkpoint }),
            },
            Spec = new NodeSpec { Settings = [new() { Name = "x", Value = 1, Policy = "p" }] },
            Status = new NodeStatus
            {
                ObservedGeneration = observed,
                Settings = [new() { Name = "x", Desired = 1, Policy = "p", State = state }],
                Rates = new RatesStatus { TableFullDropsPerMinute = drops },
                ReportedAt = _now,
            },
        };
}
