using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Settings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Precedence;

/// <summary>Who wins, and what is shown of it.</summary>
public class PolicyPrecedenceTests
{
    private static readonly PolicyPrecedence _comparer = PolicyPrecedence.Comparer;

    [Fact]
    public void Priority_comes_before_age_and_age_before_the_name_and_what_is_missing_comes_last()
    {
        var first = Examples.Policy("z", new() { Priority = 1 }, day: 9);
        var older = Examples.Policy("y", new(), day: 1);
        var younger = Examples.Policy("b", new() { Priority = 0 }, day: 2);
        var sameAge = Examples.Policy("c", new(), day: 2);
        var ageless = new ConntrackPolicy { Metadata = new ObjectMeta { Name = "a" }, Spec = new() };
        var low = Examples.Policy("a", new() { Priority = -1 });
        ConntrackPolicy?[] order = [first, older, younger, sameAge, ageless, low, null];
        for (var i = 0; i < order.Length; i++)
        {
            for (var j = 0; j < order.Length; j++)
            {
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(_comparer.Compare(order[i], order[j])));
            }
        }
    }

    [Fact]
    public void Conflicts_come_in_the_order_of_the_fields_with_both_values_as_they_are_written()
    {
        var a = Examples.Policy("a", new()
        {
            Timeouts = new() { Generic = "2h" },
            Table = new() { Size = new() { Entries = 2048 }, MemoryLimitPercent = 20 },
            Tracking = new() { Accounting = true, LogInvalid = LogInvalidProtocol.All },
            Pressure = new() { WarningPercent = 50 },
            Sysctls = new() { ["nf_conntrack_x"] = "1" },
        });
        var b = Examples.Policy("b", new()
        {
            Timeouts = new() { Generic = "90s" },
            Table = new() { Size = new() { Entries = 4096 }, MemoryLimitPercent = 30 },
            Tracking = new() { Accounting = false, LogInvalid = LogInvalidProtocol.None },
            Pressure = new() { CriticalPercent = 80 },
            Sysctls = new() { ["net.netfilter.nf_conntrack_x"] = "2" },
        }, day: 2);
        Assert.Equal(
            [
                new("table.size", "a", "2048", "b", "4096", "node-1"),
                new("timeouts.generic", "a", "2h", "b", "1m30s", "node-1"),
                new("tracking.accounting", "a", "true", "b", "false", "node-1"),
                new("tracking.logInvalid", "a", "All", "b", "None", "node-1"),
                new("table.memoryLimitPercent", "a", "20", "b", "30", "node-1"),
                new("sysctls.nf_conntrack_x", "a", "1", "b", "2", "node-1"),
                new PlanConflict(
                    "pressure", "a", "{warningPercent: 50, criticalPercent: 90}", "b", "{warningPercent: 75, criticalPercent: 80}",
                    "node-1"),
            ],
            NodePlanner.Plan(Examples.Node, [b, a]).Conflicts.OrderBy(c => Order(c.Field)));

        // The order is the planner's own, not the test's.
        var fields = NodePlanner.Plan(Examples.Node, [b, a]).Conflicts.Select(c => c.Field).ToList();
        Assert.Equal(["table.memoryLimitPercent", "sysctls.nf_conntrack_x", "pressure"], fields.TakeLast(3));
        Assert.Equal("table.size", fields[0]);

        static int Order(string field) => Array.IndexOf(
            ["table.size", "timeouts.generic", "tracking.accounting", "tracking.logInvalid", "table.memoryLimitPercent",
            "sysctls.nf_conntrack_x", "pressure"], field);
    }

    [Fact]
    public void Condition_on_the_node_is_part_of_the_pressure_that_one_policy_decides()
    {
        NodePressure? Of(params ConntrackPolicy[] policies) => NodePlanner.Plan(Examples.Node, policies).Spec.Pressure;
        Assert.Null(Of(Examples.Policy("a", new() { Pressure = new() { WarningPercent = 50, NodeCondition = false } }))!.NodeCondition);
        var asks = Examples.Policy("b", new() { Priority = 1, Pressure = new() { NodeCondition = true } });
        var other = Examples.Policy("a", new() { Pressure = new() { WarningPercent = 50 } });
        Assert.Equal(new NodePressure { WarningPercent = 75, CriticalPercent = 90, NodeCondition = true, Policy = "b" }, Of(other, asks));
        var equal = asks with { Spec = asks.Spec! with { Priority = null } };
        var conflict = Assert.Single(NodePlanner.Plan(Examples.Node, [other, equal]).Conflicts);
        Assert.Equal("{warningPercent: 75, criticalPercent: 90, nodeCondition: true}", conflict.LoserValue);
    }

    [Fact]
    public void Thresholds_of_two_policies_that_are_equal_fit_together_and_sysctls_are_in_the_order_of_their_names()
    {
        var high = Examples.Policy(
            "a",
            new()
            {
                Ipv6Fragments = new() { HighThreshold = new("2Mi") },
                Sysctls = new() { ["nf_conntrack_z"] = "1", ["nf_conntrack_b"] = "2" },
            });
        var low = Examples.Policy(
            "b", new() { Ipv6Fragments = new() { LowThreshold = new("2Mi") }, Timeouts = new() { Generic = "5000h" } });
        var plan = NodePlanner.Plan(Examples.Node, [high, low]).Spec;
        Assert.Null(plan.Refused);
        Assert.Equal(["nf_conntrack_b", "nf_conntrack_z"], plan.Settings!.Select(s => s.Name).TakeLast(2));
        Assert.Contains(plan.Settings!, s => s is { Name: "nf_conntrack_generic_timeout", Value: 18_000_000 });
    }

    [Fact]
    public void Pressure_of_a_policy_is_the_plans_with_both_of_its_percentages()
    {
        var pressure = NodePlanner.Plan(
            Examples.Node, [Examples.Policy("p", new() { Pressure = new() { WarningPercent = 11, CriticalPercent = 22 } })]).Spec.Pressure!;
        Assert.Equal((11, 22, "p"), (pressure.WarningPercent, pressure.CriticalPercent, pressure.Policy));
    }

    [Fact]
    public void Values_are_formatted_as_policies_have_them()
    {
        Assert.Equal("0s", SettingCatalog.ByPath["timeouts.generic"].Format(0));
        Assert.Equal("-1", SettingCatalog.ByPath["timeouts.generic"].Format(-1));
        Assert.Equal("7", SettingCatalog.ByPath["tracking.logInvalid"].Format(7));
        var choice = SettingCatalog.ByPath["tracking.logInvalid"];
        Assert.Equal((choice.Choices.Keys.Min(), 255L), (choice.Minimum, choice.Maximum));
        Assert.Equal(0, choice.Minimum);
        var flag = SettingCatalog.ByPath["tracking.accounting"];
        Assert.Equal(("true", "false", null), (Written(true), Written(false), Written(null)));

        string? Written(bool? value) => flag.Written(new PolicySpec { Tracking = new() { Accounting = value } });
    }
}
