using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Rollouts;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Rollouts;

public class PlanDifferenceTests
{
    private const string Established = "nf_conntrack_tcp_timeout_established";
    private static readonly string[] _limited = ["p", "q"];

    private static NodeSetting Set(
        string name, long value, string policy, PolicyMode mode = PolicyMode.Enforce, RemovalPolicy onRemoval = RemovalPolicy.Restore,
        string? rule = null) =>
        new() { Name = name, Value = value, Policy = policy, Mode = mode, OnRemoval = onRemoval, Rule = rule };

    private static NodeSpec Spec(params NodeSetting[] settings) =>
        new() { Settings = [.. settings], Pressure = new NodePressure { WarningPercent = 75 } };

    private static NodePlan Plan(NodeSpec spec, params string[] policies) => new(spec, policies, []);

    private static string Text(IEnumerable<RolloutChange> changes) =>
        string.Join("; ", changes.Select(c => $"{string.Join(",", c.Settings)} by {string.Join(",", c.Policies)}"));

    [Fact]
    public void First_plan_of_a_node_waits_as_any_other()
    {
        var desired = Spec(Set("a", 1, "p"), Set("b", 1, "free"));
        var changes = PlanDifference.Changes(null, Plan(desired, "p", "free"), _limited);
        Assert.Equal("a by p", Text(changes));
        Assert.Equal(["b"], PlanDifference.Step(null, desired, changes).Settings!.Select(s => s.Name));
    }

    [Fact]
    public void Value_and_mode_that_reach_the_kernel_and_a_field_taken_out_wait()
    {
        var stored = Spec(Set("a", 1, "p"), Set("b", 1, "p", PolicyMode.Observe), Set("c", 1, "p"));
        var desired = Spec(Set("a", 2, "p"), Set("b", 1, "p"));
        Assert.Equal("a by p; b by p; c by p", Text(PlanDifference.Changes(stored, Plan(desired, "p"), _limited)));
    }

    [Fact]
    public void What_writes_nothing_to_the_kernel_does_not_wait()
    {
        var stored = Spec(Set("a", 1, "p"), Set("b", 1, "p"), Set("c", 1, "p", onRemoval: RemovalPolicy.Keep), Set("d", 1, "p"));
        var desired = Spec(
            Set("a", 1, "q", onRemoval: RemovalPolicy.Keep, rule: "another"), Set("b", 7, "p", PolicyMode.Observe), Set("d", 1, "p"));
        Assert.Empty(PlanDifference.Changes(stored, Plan(desired, "q", "p"), _limited));
    }

    [Fact]
    public void Change_from_one_policy_to_another_needs_a_place_with_both()
    {
        var plan = Plan(Spec(Set("a", 2, "q")), "q", "p");
        Assert.Equal("a by p,q", Text(PlanDifference.Changes(Spec(Set("a", 1, "p")), plan, _limited)));
        Assert.Equal("a by p", Text(PlanDifference.Changes(Spec(Set("a", 1, "p")), plan, ["p"])));
    }

    [Fact]
    public void What_a_policy_leaves_behind_that_selects_the_node_no_more_goes_at_once_whatever_takes_its_place()
    {
        var stored = Spec(Set("a", 1, "gone"), Set("b", 1, "gone"));
        Assert.Empty(PlanDifference.Changes(stored, Plan(Spec(Set("a", 2, "p")), "p"), [.. _limited, "gone"]));
    }

    [Fact]
    public void Size_and_what_it_was_computed_with_change_together_or_not_at_all()
    {
        var stored = Spec(Set("nf_conntrack_max", 1024, "p"), Set("nf_conntrack_buckets", 1024, "free"), Set(Established, 1, "free"));
        var desired = Spec(
            Set("nf_conntrack_max", 2048, "p"), Set("nf_conntrack_buckets", 2048, "free"), Set("nf_conntrack_acct", 1, "free"),
            Set(Established, 2, "free"));
        var changes = PlanDifference.Changes(stored, Plan(desired, "p", "free"), _limited);
        Assert.Equal("nf_conntrack_max,nf_conntrack_buckets,nf_conntrack_acct by p", Text(changes));
        var step = PlanDifference.Step(stored, desired, changes);
        Assert.Equal([("nf_conntrack_buckets", 1024L), ("nf_conntrack_max", 1024), (Established, 2)],
            step.Settings!.Select(s => (s.Name!, s.Value!.Value)).OrderBy(s => s.Item1, StringComparer.Ordinal));
    }

    [Fact]
    public void Thresholds_of_reassembly_never_cross_on_the_way()
    {
        var stored = Spec(Set("nf_conntrack_frag6_low_thresh", 30, "p"), Set("nf_conntrack_frag6_high_thresh", 40, "free"));
        var desired = Spec(Set("nf_conntrack_frag6_low_thresh", 10, "p"), Set("nf_conntrack_frag6_high_thresh", 20, "free"));
        var change = Assert.Single(PlanDifference.Changes(stored, Plan(desired, "p", "free"), _limited));
        Assert.Equal(2, change.Settings.Count);
    }

    [Fact]
    public void Refused_setting_is_told_with_the_plan_that_it_belongs_to()
    {
        var refused = new RefusedSetting { Name = "a", Policy = "p", Reason = "OverMemoryLimit" };
        var (stored, desired) = (Spec(Set("a", 1, "p")), Spec() with { Refused = [refused] });
        var changes = PlanDifference.Changes(stored, Plan(desired, "p"), _limited);
        Assert.Null(PlanDifference.Step(stored, desired, changes).Refused);
        Assert.Equal([refused], PlanDifference.Step(stored, desired, []).Refused!);
    }

    [Fact]
    public void Of_what_is_refused_each_plan_keeps_its_own()
    {
        RefusedSetting Of(string name, string reason) => new() { Name = name, Policy = "p", Reason = reason };
        var stored = Spec(Set("a", 1, "p")) with { Refused = [Of("a", "stored"), Of("b", "stored")] };
        var desired = Spec(Set("b", 1, "p")) with { Refused = [Of("a", "desired"), Of("b", "desired")] };
        var held = new RolloutChange(["a"], ["p"]);
        Assert.Equal([Of("b", "desired"), Of("a", "stored")], PlanDifference.Step(stored, desired, [held]).Refused!);
    }

    [Fact]
    public void Plan_without_settings_can_wait_as_well()
    {
        var stored = Spec(Set("a", 1, "p"), Set("b", 1, "p"));
        var step = PlanDifference.Step(stored, new NodeSpec(), [new RolloutChange(["a"], ["p"])]);
        Assert.Equal(["a"], step.Settings!.Select(s => s.Name));
    }

    [Fact]
    public void One_setting_that_its_policy_leaves_lets_the_whole_group_go_however_many_leave()
    {
        var stored = Spec(
            Set("nf_conntrack_max", 1024, "gone"), Set("nf_conntrack_buckets", 1024, "gone"), Set("nf_conntrack_acct", 0, "p"));
        var desired = Spec(Set("nf_conntrack_max", 2048, "p"), Set("nf_conntrack_buckets", 2048, "p"), Set("nf_conntrack_acct", 1, "p"));
        Assert.Empty(PlanDifference.Changes(stored, Plan(desired, "p"), [.. _limited, "gone"]));
    }

    [Fact]
    public void Without_a_rollout_nothing_waits() =>
        Two.Sample((stored, desired) => Assert.Empty(PlanDifference.Changes(stored, desired, [])));

    [Fact]
    public void Whatever_waits_leads_to_the_plan_in_the_end_and_what_waits_stays_as_it_is() =>
        Gen.Select(Two, Gen.Int[0, int.MaxValue]).Sample((pair, seed) =>
        {
            var (stored, desired) = pair;
            var random = new Random(seed);
            var limited = desired.Policies.Where(_ => random.Next(3) > 0).ToList();
            for (var round = 0; ; round++)
            {
                var changes = PlanDifference.Changes(stored, desired, limited);
                Assert.All(changes, c => Assert.Empty(c.Policies.Except(limited)));
                if (changes.Count == 0)
                {
                    break;
                }

                var held = changes.Where(_ => random.Next(2) == 0).Take(changes.Count - 1).ToList();
                var step = PlanDifference.Step(stored, desired.Spec, held);
                foreach (var name in held.SelectMany(c => c.Settings))
                {
                    Assert.Equal(stored.Settings!.Find(s => s.Name == name), step.Settings!.Find(s => s.Name == name));
                }

                Assert.Equal(step.Settings!.Select(s => s.Name).Distinct(), step.Settings!.Select(s => s.Name));
                // What was held, and no more, is still to be done.
                Assert.Equal(Text(held), Text(PlanDifference.Changes(step, desired, limited)));
                Assert.True(round < 100);
                stored = step;
            }

            Assert.Equal(desired.Spec, PlanDifference.Step(stored, desired.Spec, []));
        });

    private static Gen<(NodeSpec Stored, NodePlan Desired)> Two =>
        Gen.Select(Generators.Policies, Generators.Policies, Generators.Node).Select((before, after, node) =>
            (NodePlanner.Plan(node, before).Spec, NodePlanner.Plan(node, after)));
}
