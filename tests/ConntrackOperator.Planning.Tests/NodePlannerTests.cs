using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Sizing;
using Xunit;

namespace ConntrackOperator.Planning.Tests;

public class NodePlannerTests
{
    [Fact]
    public void Buckets_left_out_follow_the_size_and_are_never_fewer_than_there_are()
    {
        var plan = NodePlanner.Plan(Examples.Node, [Examples.Policy("p", Examples.Size(100000))]);
        var buckets = plan.Spec.Settings![1];
        Assert.Equal(
            ("nf_conntrack_buckets", 100352L, true, "p", "one a table entry"),
            (buckets.Name, buckets.Value, buckets.AtLeast, buckets.Policy, buckets.Rule));
    }

    [Fact]
    public void Buckets_given_are_rounded_as_the_kernel_does_and_are_exact()
    {
        var plan = NodePlanner.Plan(Examples.Node, [Examples.Policy("p", new() { Table = new() { Buckets = 100000 } })]);
        var buckets = Assert.Single(plan.Spec.Settings!);
        Assert.Equal((100352L, null), (buckets.Value, buckets.AtLeast));
    }

    [Fact]
    public void Without_policies_the_plan_is_empty_and_pressure_has_its_defaults()
    {
        var plan = NodePlanner.Plan(Examples.Node, []);
        Assert.Empty(plan.Spec.Settings!);
        Assert.Equal((75, 90, null), (plan.Spec.Pressure!.WarningPercent, plan.Spec.Pressure.CriticalPercent, plan.Spec.Pressure.Policy));
    }

    [Fact]
    public void Pressure_is_one_field_so_that_a_higher_policy_never_gives_only_half_of_it()
    {
        var low = Examples.Policy("low", new() { Pressure = new() { WarningPercent = 10, CriticalPercent = 20 } });
        var high = Examples.Policy("high", new() { Priority = 1, Pressure = new() { WarningPercent = 50 } });
        var pressure = NodePlanner.Plan(Examples.Node, [low, high]).Spec.Pressure!;
        Assert.Equal((50, 90, "high"), (pressure.WarningPercent, pressure.CriticalPercent, pressure.Policy));
    }

    [Fact]
    public void A_policy_that_is_being_deleted_contributes_nothing()
    {
        var going = Examples.Policy("p", Examples.Size(4096));
        going = going with { Metadata = going.Metadata! with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        var plan = NodePlanner.Plan(Examples.Node, [going]);
        Assert.Empty(plan.Policies);
        Assert.Empty(plan.Spec.Settings!);
    }

    [Fact]
    public void A_policy_that_is_not_valid_contributes_nothing_and_spoils_nothing()
    {
        var bad = Examples.Policy("bad", new() { Priority = 5, Timeouts = new() { Generic = "5d", Icmp = "1s" } });
        var good = Examples.Policy("good", new() { Timeouts = new() { Icmp = "2s" } });
        var plan = NodePlanner.Plan(Examples.Node, [bad, good]);
        Assert.Equal(["good"], plan.Policies);
        Assert.Equal(2, Assert.Single(plan.Spec.Settings!).Value);
    }

    [Fact]
    public void Equals_that_differ_conflict_and_the_older_wins()
    {
        var plan = NodePlanner.Plan(
            Examples.Node,
            [
                Examples.Policy("younger", new() { Timeouts = new() { Tcp = new() { Established = "2h" } } }, day: 2),
                Examples.Policy("older", new() { Timeouts = new() { Tcp = new() { Established = "24h" } } }),
            ]);
        Assert.Equal([new PlanConflict("timeouts.tcp.established", "older", "24h", "younger", "2h", "node-1")], plan.Conflicts);
    }

    [Fact]
    public void The_same_value_in_other_words_is_no_conflict()
    {
        var plan = NodePlanner.Plan(
            Examples.Node,
            [
                Examples.Policy("a", new() { Timeouts = new() { Generic = "120m" }, Ipv6Fragments = new() { HighThreshold = new("4Mi") } }),
                Examples.Policy(
                    "b", new() { Timeouts = new() { Generic = "2h" }, Ipv6Fragments = new() { HighThreshold = new("4194304") } }),
            ]);
        Assert.Empty(plan.Conflicts);
    }

    [Fact]
    public void Equals_below_a_higher_policy_do_not_conflict()
    {
        var plan = NodePlanner.Plan(
            Examples.Node,
            [
                Examples.Policy("a", Examples.Size(4096)),
                Examples.Policy("b", Examples.Size(8192)),
                Examples.Policy("c", Examples.Size(16384, priority: 1)),
            ]);
        Assert.Empty(plan.Conflicts);
        Assert.Equal(16384, plan.Spec.Settings![0].Value);
    }

    [Fact]
    public void Over_the_limit_says_figures_and_what_to_change()
    {
        var plan = NodePlanner.Plan(Examples.Node with { MemoryBytes = 1L << 30 }, [Examples.Policy("p", Examples.Size(1048576))]);
        Assert.Equal(["nf_conntrack_max", "nf_conntrack_buckets"], plan.Spec.Refused!.Select(refused => refused.Name));
        Assert.Equal(
            "a full table of 1048576 entries and 1048576 buckets would take 392Mi at 384 B an entry, 38.2% of this node's 1Gi of memory; "
            + "table.memoryLimitPercent 10 (the default) allows 102.4Mi: lower table.size to 273408 entries or fewer, or raise "
            + "table.memoryLimitPercent",
            plan.Spec.Refused![0].Message);
    }

    [Fact]
    public void The_size_that_a_refusal_proposes_is_accepted()
    {
        var plan = NodePlanner.Plan(Examples.Node with { MemoryBytes = 1L << 30 }, [Examples.Policy("p", Examples.Size(273408))]);
        Assert.Null(plan.Spec.Refused);
    }

    [Theory]
    [InlineData(4014080, false)]
    [InlineData(4014079, true)]
    public void A_table_that_takes_exactly_what_is_allowed_is_planned(long memory, bool refused)
    {
        // 1024 entries of 320 bytes and as many buckets of 8: 335,872 bytes, a tenth of 3,358,720.
        var plan = NodePlanner.Plan(Examples.Node with { MemoryBytes = memory }, [Examples.Policy("p", Examples.Size(1024))]);
        Assert.Equal(refused, plan.Spec.Refused is not null);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1L << 34, 0)]
    public void A_table_whose_facts_are_not_known_is_refused_and_the_rest_is_planned(long memory, int cores)
    {
        var spec = new PolicySpec
        {
            Table = new() { Size = new() { Auto = new() { EntriesPerCore = 1024 } } },
            Timeouts = new() { Generic = "1m" },
        };
        var plan = NodePlanner.Plan(Examples.Node with { MemoryBytes = memory, Cores = cores }, [Examples.Policy("p", spec)]);
        Assert.All(plan.Spec.Refused!, refused => Assert.Equal("FactsUnknown", refused.Reason));
        Assert.Equal(2, plan.Spec.Refused!.Count);
        Assert.Equal("nf_conntrack_generic_timeout", Assert.Single(plan.Spec.Settings!).Name);
    }

    [Fact]
    public void Fragment_thresholds_of_two_policies_that_do_not_fit_together_are_refused()
    {
        var plan = NodePlanner.Plan(
            Examples.Node,
            [
                Examples.Policy("a", new() { Ipv6Fragments = new() { HighThreshold = new("2Mi") } }),
                Examples.Policy("b", new() { Ipv6Fragments = new() { LowThreshold = new("3Mi") } }),
            ]);
        Assert.Equal("AboveHighThreshold", Assert.Single(plan.Spec.Refused!).Reason);
        Assert.Equal("nf_conntrack_frag6_high_thresh", Assert.Single(plan.Spec.Settings!).Name);
    }

    [Fact]
    public void More_sysctls_than_a_plan_can_hold_are_refused_from_the_lowest_precedence_on()
    {
        var policies = Enumerable.Range(0, 5).Select(p => Examples.Policy($"p{p}", new()
        {
            Priority = -p,
            Sysctls = Enumerable.Range(0, 32).ToDictionary(i => $"nf_conntrack_p{p}_{i}", i => "1"),
        })).ToList();
        var plan = NodePlanner.Plan(Examples.Node, policies);
        Assert.Equal(64, plan.Spec.Settings!.Count);
        Assert.All(plan.Spec.Settings!, setting => Assert.Contains(setting.Policy, new[] { "p0", "p1" }));
        Assert.All(plan.Spec.Refused!, refused => Assert.Equal("TooManySysctls", refused.Reason));
        Assert.InRange(plan.Spec.Refused!.Count, 1, 32);
    }

    [Fact]
    public void Enumerations_and_flags_become_the_kernels_numbers()
    {
        var plan = NodePlanner.Plan(Examples.Node, [Examples.Policy("p", new()
        {
            Tracking = new() { Events = TrackingEvents.Auto, LogInvalid = LogInvalidProtocol.All, Checksum = false, Accounting = true },
        })]);
        Assert.Equal(
            [("nf_conntrack_acct", 1L), ("nf_conntrack_checksum", 0L), ("nf_conntrack_events", 2L), ("nf_conntrack_log_invalid", 255L)],
            plan.Spec.Settings!.Select(setting => (setting.Name!, setting.Value!.Value)));
    }

    [Fact]
    public void Selector_decides_field_by_field_what_a_node_gets()
    {
        var edge = Examples.Policy(
            "edge",
            Examples.Size(8192, priority: 1) with { NodeSelector = new LabelSelector { MatchLabels = new() { ["role"] = "edge" } } });
        var all = Examples.Policy("all", Examples.Size(4096));
        var node = Examples.Node with { Labels = new Dictionary<string, string> { ["role"] = "edge" } };
        Assert.Equal(8192, NodePlanner.Plan(node, [all, edge]).Spec.Settings![0].Value);
        Assert.Equal(4096, NodePlanner.Plan(Examples.Node, [all, edge]).Spec.Settings![0].Value);
    }

    [Fact]
    public void A_sysctl_with_and_without_its_prefix_is_one_key_to_precedence()
    {
        var low = Examples.Policy(
            "low", new() { Sysctls = new() { ["nf_conntrack_foo"] = "1", ["net.netfilter.nf_conntrack_bar"] = "3" } });
        var high = Examples.Policy("high", new() { Priority = 5, Sysctls = new() { ["net.netfilter.nf_conntrack_foo"] = "2" } });
        var settings = NodePlanner.Plan(new NodeFacts("n", new Dictionary<string, string>(), 4, 16L << 30), [low, high]).Spec.Settings!;
        Assert.Equal(
            [("nf_conntrack_bar", 3, "low", "sysctls.nf_conntrack_bar"), ("nf_conntrack_foo", 2, "high", "sysctls.nf_conntrack_foo")],
            settings.Select(s => (s.Name!, s.Value!.Value, s.Policy!, s.Field!)));
    }

    [Fact]
    public void Of_more_sysctls_than_there_is_room_for_the_first_by_precedence_and_name_are_set_and_the_rest_told_by_name()
    {
        // 32 and 30 of the higher two leave room for two of the third policy's six.
        var plan = NodePlanner.Plan(Examples.Node, [Sysctls("a", 3, 32), Sysctls("b", 2, 30), Sysctls("c", 1, 6)]);
        Assert.Equal(64, plan.Spec.Settings!.Count);
        Assert.Equal(["nf_conntrack_c0", "nf_conntrack_c1"], plan.Spec.Settings.Where(s => s.Policy == "c").Select(s => s.Name));
        Assert.Equal(["nf_conntrack_c2", "nf_conntrack_c3", "nf_conntrack_c4", "nf_conntrack_c5"], plan.Spec.Refused!.Select(r => r.Name));
        Assert.All(plan.Spec.Refused!, refused => Assert.Equal(("c", RefusalReasons.TooManySysctls), (refused.Policy, refused.Reason)));

        static ConntrackPolicy Sysctls(string name, int priority, int count) => Examples.Policy(name, new()
        {
            Priority = priority,
            Sysctls = Enumerable.Range(0, count).Reverse()
                .ToDictionary(i => $"nf_conntrack_{name}{(count > 10 ? $"{i:00}" : $"{i}")}", _ => "1"),
        });
    }
}
