using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Settings;
using ConntrackOperator.Planning.Sizing;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests;

public class NodePlannerPropertyTests
{
    private static readonly Gen<(ConntrackPolicy[] Policies, NodeFacts Node)> _cluster = Gen.Select(Generators.Policies, Generators.Node);

    [Fact]
    public void Each_field_comes_from_the_policy_of_highest_precedence_that_sets_it() => _cluster.Sample((policies, node) =>
    {
        var plan = NodePlanner.Plan(node, policies);
        foreach (var field in SettingCatalog.Fields.Skip(2))
        {
            var winner = Selecting(policies, node).Where(policy => field.Read(policy.Spec!) is not null).Order(PolicyPrecedence.Comparer)
                .FirstOrDefault();
            var setting = plan.Spec.Settings!.Find(candidate => candidate.Name == field.Sysctl);
            Assert.Equal(winner?.Metadata!.Name, setting?.Policy);
            Assert.Equal(winner is null ? null : field.Read(winner.Spec!), setting?.Value);
            Assert.Equal(winner is null ? null : winner.Spec!.Mode ?? PolicyMode.Enforce, setting?.Mode);
            Assert.Equal(winner is null ? null : winner.Spec!.OnDelete ?? RemovalPolicy.Restore, setting?.OnRemoval);
        }

        foreach (var name in new[] { "nf_conntrack_x", "nf_flowtable_tcp_timeout" })
        {
            var winner = Selecting(policies, node).Where(policy => policy.Spec!.Sysctls!.ContainsKey(name)).Order(PolicyPrecedence.Comparer)
                .FirstOrDefault();
            Assert.Equal(winner?.Metadata!.Name, plan.Spec.Settings!.Find(candidate => candidate.Name == name)?.Policy);
        }
    });

    [Fact]
    public void The_order_of_the_policies_does_not_matter() =>
        Gen.Select(Generators.Policies, Generators.Node, Gen.Int[0, 1000]).Sample((policies, node, seed) =>
    {
        var shuffled = policies.ToArray();
        new Random(seed).Shuffle(shuffled);
        Assert.Equal(Bytes(NodePlanner.Plan(node, policies)), Bytes(NodePlanner.Plan(node, shuffled)));
    });

    [Fact]
    public void The_same_input_gives_the_same_bytes() => _cluster.Sample((policies, node) =>
        Assert.Equal(Bytes(NodePlanner.Plan(node, policies)), Bytes(NodePlanner.Plan(node, policies))));

    [Fact]
    public void Names_are_those_that_select_the_node_and_no_setting_is_planned_twice() => _cluster.Sample((policies, node) =>
    {
        var plan = NodePlanner.Plan(node, policies);
        Assert.Equal(Selecting(policies, node).Order(PolicyPrecedence.Comparer).Select(policy => policy.Metadata!.Name!), plan.Policies);
        var names = plan.Spec.Settings!.Select(setting => setting.Name).Concat((plan.Spec.Refused ?? []).Select(setting => setting.Name))
            .ToList();
        Assert.Equal(names.Distinct(), names);
    });

    [Fact]
    public void Conflicts_are_between_equals_that_differ_and_name_the_one_whose_value_is_planned() => _cluster.Sample((policies, node) =>
    {
        var plan = NodePlanner.Plan(node, policies);
        var byName = policies.ToDictionary(policy => policy.Metadata!.Name!);
        foreach (var conflict in plan.Conflicts)
        {
            Assert.NotEqual(conflict.WinnerValue, conflict.LoserValue);
            Assert.Equal(PolicyPrecedence.PriorityOf(byName[conflict.Winner]), PolicyPrecedence.PriorityOf(byName[conflict.Loser]));
            Assert.True(PolicyPrecedence.Comparer.Compare(byName[conflict.Winner], byName[conflict.Loser]) < 0);
            Assert.All(
                plan.Spec.Settings!.Where(setting => setting.Field == conflict.Field),
                setting => Assert.Equal(conflict.Winner, setting.Policy));
        }
    });

    [Fact]
    public void Each_pair_of_equals_that_differ_in_a_field_at_the_top_is_a_conflict() => _cluster.Sample((policies, node) =>
    {
        var plan = NodePlanner.Plan(node, policies);
        foreach (var field in SettingCatalog.Fields.Skip(1))
        {
            var setters = Selecting(policies, node).Where(policy => field.Read(policy.Spec!) is not null).Order(PolicyPrecedence.Comparer)
                .ToList();
            var losers = setters.Skip(1)
                .Where(
                    policy => PolicyPrecedence.PriorityOf(policy) == PolicyPrecedence.PriorityOf(setters[0])
                        && field.Read(policy.Spec!) != field.Read(setters[0].Spec!))
                .Select(policy => policy.Metadata!.Name!);
            Assert.Equal(losers, plan.Conflicts.Where(conflict => conflict.Field == field.Path).Select(conflict => conflict.Loser));
        }
    });

    [Fact]
    public void Table_is_refused_exactly_when_it_would_be_over_the_limit() =>
        Gen.Select(Gen.Long[1024, 1 << 27], Gen.Long[1L << 24, 1L << 40], Gen.Int[1, 90], Gen.Bool)
            .Sample((entries, memory, percent, accounting) =>
        {
            var policy = Examples.Policy("p", new PolicySpec
            {
                Table = new TableSpec { Size = new TableSizeSpec { Entries = entries }, MemoryLimitPercent = percent },
                Tracking = new TrackingSpec { Accounting = accounting },
                Timeouts = new TimeoutsSpec { Generic = "5m" },
            });
            var plan = NodePlanner.Plan(new NodeFacts("n", new Dictionary<string, string>(), 4, memory), [policy]);
            var needed = (entries * 384m) + (Math.Ceiling(entries / 512m) * 512 * 8);
            var over = needed > Math.Floor(memory * (decimal)percent / 100);
            Assert.Equal(over, plan.Spec.Refused is not null);
            Assert.Equal(!over, plan.Spec.Settings!.Exists(setting => setting.Name == "nf_conntrack_max"));
            Assert.Contains(plan.Spec.Settings!, setting => setting.Name == "nf_conntrack_generic_timeout");
            Assert.All(plan.Spec.Refused ?? [], refused => Assert.Equal("OverMemoryLimit", refused.Reason));
        });

    [Fact]
    public void What_is_planned_never_takes_more_memory_than_allowed() => _cluster.Sample((policies, node) =>
    {
        var plan = NodePlanner.Plan(node, policies);
        long ValueOf(string name) => plan.Spec.Settings!.Find(setting => setting.Name == name)?.Value ?? 0;
        var limit = Selecting(policies, node).Order(PolicyPrecedence.Comparer).Select(policy => policy.Spec!.Table?.MemoryLimitPercent)
            .FirstOrDefault(value => value is not null) ?? 10;
        var bytes = ValueOf("nf_conntrack_acct") == 1 ? 384 : 320;
        Assert.True(
            TableSizing.MemoryBytes(ValueOf("nf_conntrack_max"), ValueOf("nf_conntrack_buckets"), bytes) <= TableSizing.Share(
                node.MemoryBytes, limit));
    });

    private static IEnumerable<ConntrackPolicy> Selecting(IEnumerable<ConntrackPolicy> policies, NodeFacts node) =>
        policies.Where(policy => LabelSelectors.Matches(policy.Spec!.NodeSelector, node.Labels));

    private static string Bytes(NodePlan plan) => JsonSerializer.Serialize(
        new ConntrackNode { Spec = plan.Spec }, ApiJson.Default.ConntrackNode) + string.Join('\n', plan.Conflicts)
        + string.Join(',', plan.Policies);
}
