using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Netfilter.Sysctls;
using CsCheck;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class HoldTests
{
    private static readonly Gen<long> _limit = Gen.OneOf(Gen.Const(0L), Gen.Const(131072L), Gen.Long[1, 2_000_000]);

    [Theory]
    [InlineData(104857, true)]
    [InlineData(104858, false)]
    [InlineData(200000, false)]
    public void The_limit_is_lowered_only_when_the_table_is_then_under_80_percent_full(long entries, bool lowered)
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = entries;
        machine.Apply(Set(SysctlNames.Max, 131072));
        Assert.Equal(lowered ? 131072 : 262144, machine[SysctlNames.Max]);
        Assert.Equal(lowered ? SettingState.InSync : SettingState.Held, machine.Status(SysctlNames.Max).State);
    }

    [Theory]
    [InlineData(79_999, false)]
    [InlineData(80_000, true)]
    public void A_table_that_would_be_80_percent_full_to_the_entry_is_too_full(long entries, bool held) =>
        Assert.Equal(held, HoldRules.Limit(262_144, 100_000, entries, 80) is not null);

    [Fact]
    public void A_held_limit_says_the_figures_and_comes_down_when_the_table_has_emptied()
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 200000;
        machine.Apply(Set(SysctlNames.Max, 131072));
        Assert.Equal(
            "not lowered yet: with 200000 entries in the table a limit of 131072 would leave it 152% full; it is lowered from 262144 "
                + "once there are fewer than 104857",
            machine.Status(SysctlNames.Max).Message);
        Assert.Null(machine.KeptOriginal(SysctlNames.Max));

        machine[SysctlNames.Count] = 1000;
        machine.Engine.Enforce();
        Assert.Equal(131072, machine[SysctlNames.Max]);
    }

    [Fact]
    public void Raising_the_limit_is_never_held()
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 262144;
        machine.Apply(Set(SysctlNames.Max, 300000));
        Assert.Equal(300000, machine[SysctlNames.Max]);
    }

    [Fact]
    public void Buckets_wait_with_shrinking_while_the_limit_can_not_come_down()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Buckets, 1048576), Set(SysctlNames.Max, 1048576));
        machine[SysctlNames.Count] = 900000;
        machine.Time.Advance(TimeSpan.FromMinutes(5));
        machine.Apply();
        Assert.Equal((1048576, 1048576), (machine[SysctlNames.Buckets], machine[SysctlNames.Max]));
        Assert.Equal([SettingState.Held, SettingState.Held], machine.Statuses().Select(s => s.State!.Value));

        machine[SysctlNames.Count] = 1000;
        machine.Engine.Enforce();
        Assert.Equal((262144, 262144), (machine[SysctlNames.Buckets], machine[SysctlNames.Max]));
        Assert.True(machine.Engine.AllRestored);
    }

    [Theory]
    [InlineData(262144, false)]
    [InlineData(327168, false)]
    [InlineData(327680, true)]
    [InlineData(196608, true)]
    [InlineData(197120, false)]
    public void A_resize_by_less_than_a_quarter_is_not_worth_it(long buckets, bool resized)
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Buckets, buckets));
        Assert.Equal(resized ? buckets : 262144, machine[SysctlNames.Buckets]);
        Assert.Equal(SettingState.InSync, machine.Status(SysctlNames.Buckets).State);
    }

    [Fact]
    public void Putting_back_is_exact_even_where_it_is_less_than_a_quarter()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        machine[SysctlNames.Buckets] = 262144 + 512;
        machine.Time.Advance(TimeSpan.FromMinutes(2));
        machine.Apply();
        Assert.Equal(262144, machine[SysctlNames.Buckets]);
    }

    [Fact]
    public void From_no_limit_down_is_held_as_from_any_higher_limit()
    {
        using var machine = new Machine();
        machine[SysctlNames.Max] = 0;
        machine[SysctlNames.Count] = 200000;
        machine.Apply(Set(SysctlNames.Max, 131072));
        Assert.Equal((0, SettingState.Held), (machine[SysctlNames.Max], machine.Status(SysctlNames.Max).State));
        Assert.Equal(
            "not lowered yet: with 200000 entries in the table a limit of 131072 would leave it 152% full; it is lowered from no limit "
                + "once there are fewer than 104857",
            machine.Status(SysctlNames.Max).Message);

        machine[SysctlNames.Count] = 1000;
        machine.Engine.Enforce();
        Assert.Equal(131072, machine[SysctlNames.Max]);
        machine[SysctlNames.Count] = 131000;
        machine.Apply();
        Assert.Equal(0, machine[SysctlNames.Max]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void Buckets_wait_with_shrinking_while_no_limit_can_not_come_down()
    {
        using var machine = new Machine();
        machine[SysctlNames.Max] = 0;
        machine[SysctlNames.Buckets] = 1048576;
        machine[SysctlNames.Count] = 900000;
        machine.Apply(Set(SysctlNames.Buckets, 262144), Set(SysctlNames.Max, 262144));
        Assert.Equal((1048576, 0), (machine[SysctlNames.Buckets], machine[SysctlNames.Max]));
    }

    [Fact]
    public void Whatever_the_limits_are_a_write_never_leaves_a_table_too_full_that_was_not() =>
        Gen.Select(_limit, _limit, Gen.Int[0, 2_000_000]).Sample((from, to, entries) =>
        {
            var written = HoldRules.Limit(from, to, entries, 80) is null;

            // What the kernel would do: nothing is dropped while the next entry is under the limit, or there is none.
            bool Fits(long limit, double share) => limit == 0 || entries < limit * share;
            return written
                ? Fits(to, 0.8) || (from != 0 && (to == 0 || to >= from))
                : !Fits(to, 0.79999) && !(from != 0 && (to == 0 || to >= from));
        });

    [Fact]
    public void No_number_makes_the_rules_throw() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((actual, target, entries) =>
        {
            HoldRules.Limit(actual, target, entries, 80);
        });

    [Fact]
    public void An_unknown_count_holds_a_limit_that_would_be_lowered_and_no_other()
    {
        Assert.Contains("nf_conntrack_count can't be read", HoldRules.Limit(262144, 1024, null, 80), StringComparison.Ordinal);
        Assert.NotNull(HoldRules.Limit(0, 1024, null, 80));
        Assert.Null(HoldRules.Limit(1024, 262144, null, 80));
        Assert.Null(HoldRules.Limit(1024, 0, null, 80));
    }
}
