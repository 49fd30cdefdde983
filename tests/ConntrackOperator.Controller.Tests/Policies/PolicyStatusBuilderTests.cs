using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Restores;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Tests.Policies;

public sealed class PolicyStatusBuilderTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, 123, TimeSpan.Zero);
    private static readonly ConntrackPolicy _policy = new() { Metadata = new ObjectMeta { Name = "p", Generation = 4 } };

    [Fact]
    public void Generation_counts_as_observed_when_all_nodes_are_planned_or_the_policy_is_not_valid()
    {
        var stored = new PolicyStatus { ObservedGeneration = 3 };
        Assert.Equal(4, Build(Aggregate(), stored).ObservedGeneration);
        Assert.Equal(3, Build(Aggregate() with { Pending = 1 }, stored).ObservedGeneration);
        Assert.Null(Build(Aggregate() with { Pending = 1 }, null).ObservedGeneration);
        Assert.Equal(
            4, PolicyStatusBuilder.Build(
                _policy, stored, Aggregate() with { Pending = 1 }, [new FieldError("f", "v", "m")], _now).ObservedGeneration);
    }

    [Fact]
    public void Hottest_node_is_shown_in_one_field_for_the_column()
    {
        var status = Build(
            Aggregate() with
            {
                Hottest = [new HotNode { Name = "n7", Percent = 91 }, new HotNode { Name = "n8", Percent = 12 }],
                Entries = 5,
                Limit = 10,
                TableFullDropsPerMinute = 2,
            });
        Assert.Equal("n7 91%", status.Hottest);
        Assert.Equal(
            new PolicyUsage
            {
                Entries = 5,
                Limit = 10,
                LimitText = "10",
                PeakPercent = 91,
                PeakNode = "n7",
                TableFullDropsPerMinute = 2,
            },
            status.Usage);
        Assert.Equal(2, status.HottestNodes!.Count);
    }

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(524288, 0, "524288")]
    [InlineData(0, 3, "none")]
    [InlineData(0, 2, "2 none")]
    [InlineData(524288, 2, "524288, 2 none")]
    public void Limit_in_words_says_which_tables_it_is_of(long limit, int without, string? expected)
    {
        var aggregate = PolicyEvaluatorTests.Snapshot(new() { Selected = 3 }) with { Limit = limit, NodesWithoutLimit = without };
        Assert.Equal(expected, Build(aggregate).Usage!.LimitText);
    }

    [Fact]
    public void Empty_lists_are_left_out()
    {
        var status = Build(Aggregate());
        Assert.Null(status.HottestNodes);
        Assert.Null(status.Failures);
        Assert.Null(status.Hottest);
    }

    [Fact]
    public void Status_built_again_a_moment_later_says_nothing_new()
    {
        var first = Build(Aggregate());
        var again = PolicyStatusBuilder.Build(_policy, first, Aggregate(), [], _now.AddSeconds(5));
        Assert.Equal(StatusChange.None, PolicyStatusBuilder.Compare(first, again));
    }

    [Fact]
    public void Usage_waits_and_everything_else_does_not()
    {
        var first = Build(Aggregate());
        Assert.Equal(StatusChange.State, PolicyStatusBuilder.Compare(null, first));
        Assert.Equal(
            StatusChange.UsageOnly,
            PolicyStatusBuilder.Compare(
                first, Build(Aggregate() with { Entries = 99, Hottest = [new HotNode { Name = "n", Percent = 50 }] }, first)));
        Assert.Equal(StatusChange.State, PolicyStatusBuilder.Compare(first, Build(Aggregate() with { Warning = 1 }, first)));
        Assert.Equal(
            StatusChange.State,
            PolicyStatusBuilder.Compare(
                first, Build(PolicyEvaluatorTests.Snapshot(new() { Selected = 2, Ready = 1, Updating = 1 }), first)));
        Assert.Equal(
            StatusChange.State,
            PolicyStatusBuilder.Compare(first, Build(Aggregate() with { Failures = [new NodeFailure { Name = "n" }] }, first)));
    }

    [Theory]
    [InlineData("p", null, 1, 1, true)]
    [InlineData("q", null, 1, 1, false)]
    [InlineData("q", "p", 1, 1, true)]
    [InlineData("q", "q", 1, 1, false)]
    [InlineData("q", "q", 2, 1, true)]
    public void Node_is_restoring_while_plan_or_report_name_the_policy_or_the_report_is_behind(
        string planned, string? reported, long generation, long observed, bool expected)
    {
        var node = new ConntrackNode
        {
            Metadata = new ObjectMeta { Name = "n", Generation = generation },
            Spec = new NodeSpec { Settings = [new NodeSetting { Name = "x", Policy = planned }] },
            Status = new NodeStatus
            {
                ObservedGeneration = observed,
                Settings = reported is null ? null : [new SettingStatus { Name = "x", Policy = reported }],
            },
        };
        Assert.Equal(expected, PendingRestores.IsRestoring("p", node));
    }

    [Fact]
    public void Node_without_an_agent_is_not_restoring()
    {
        var node = new ConntrackNode { Metadata = new ObjectMeta { Name = "n", Generation = 2 }, Spec = new NodeSpec { Settings = [] } };
        Assert.False(PendingRestores.IsRestoring("p", node));
    }

    private static PolicyAggregateSnapshot Aggregate() => PolicyEvaluatorTests.Snapshot(new() { Selected = 1, Ready = 1 });

    private static PolicyStatus Build(PolicyAggregateSnapshot tally, PolicyStatus? stored = null) =>
        PolicyStatusBuilder.Build(_policy, stored, tally, [], _now);
}
