using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

/// <summary>A resize holds all locks while every entry is rehashed: what it costs says how long the next one waits.</summary>
public sealed class ResizeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void Resizes_that_rehash_a_few_thousand_entries_wait_for_nothing(long entries)
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = entries;
        foreach (var buckets in (long[])[524288, 1048576, 131072])
        {
            machine.Apply(Set(SysctlNames.Buckets, buckets));
            Assert.Equal(buckets, machine[SysctlNames.Buckets]);
        }

        machine.Apply();
        Assert.Equal(262144, machine[SysctlNames.Buckets]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Theory]
    [InlineData(1000000, 1000000)]
    [InlineData(1000000, 10)]
    [InlineData(10, 1000000)]
    public void A_resize_that_rehashes_a_million_entries_is_alone_for_some_fifty_seconds(long first, long second)
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = first;
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        Assert.Equal(524288, machine[SysctlNames.Buckets]);

        machine[SysctlNames.Count] = second;
        machine.Time.Advance(TimeSpan.FromSeconds(45));
        machine.Apply(Set(SysctlNames.Buckets, 1048576));
        Assert.Equal((524288, SettingState.Held), (machine[SysctlNames.Buckets], machine.Status(SysctlNames.Buckets).State));
        Assert.Matches(
            "rehashes every entry with all locks held, here for about 50[12] ms, and the last one was less than 51 s ago$",
            machine.Status(SysctlNames.Buckets).Message);

        machine.Time.Advance(TimeSpan.FromSeconds(6));
        machine.Engine.Enforce();
        Assert.Equal(1048576, machine[SysctlNames.Buckets]);
    }

    [Fact]
    public void Entries_of_other_namespaces_are_rehashed_too()
    {
        using var machine = new Machine();
        File.WriteAllText(
            Path.Combine(machine.Proc, "slabinfo"), "nf_conntrack 1000000 1000000 256 16 1 : tunables 0 0 0 : slabdata 62500 62500 0\n");
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        machine.Apply(Set(SysctlNames.Buckets, 1048576));
        Assert.Equal(SettingState.Held, machine.Status(SysctlNames.Buckets).State);
    }

    [Fact]
    public void The_wait_outlives_the_process_but_not_the_boot()
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 1000000;
        Uptime(machine, "1000.00 1.0");
        machine.Apply(Set(SysctlNames.Buckets, 524288));

        machine.Restart();
        Uptime(machine, "1030.50 1.0");
        machine.Apply(Set(SysctlNames.Buckets, 1048576));
        Assert.Equal(SettingState.Held, machine.Status(SysctlNames.Buckets).State);
        machine.Time.Advance(TimeSpan.FromSeconds(19));
        machine.Engine.Enforce();
        Assert.Equal(524288, machine[SysctlNames.Buckets]);
        machine.Time.Advance(TimeSpan.FromSeconds(1));
        machine.Engine.Enforce();
        Assert.Equal(1048576, machine[SysctlNames.Buckets]);

        machine.Restart();
        machine.Boot("boot-2");
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        Assert.Equal(524288, machine[SysctlNames.Buckets]);
    }

    [Theory]
    [InlineData(365)]
    [InlineData(-365)]
    public void A_clock_that_is_set_neither_ends_the_wait_nor_draws_it_out(int days)
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 1000000;
        Uptime(machine, "1000.00 1.0");
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        machine.Restart();

        // The next process: a wall clock that was set, and 20 s more of the kernel's own.
        Uptime(machine, "1020.00 1.0");
        var time = new FakeTimeProvider(machine.Time.GetUtcNow().AddDays(days));
        using var engine = new NodeEngine(machine.Options, time);
        engine.SetPlan(Of(Set(SysctlNames.Buckets, 1048576)));
        engine.Enforce();
        Assert.Equal(524288, machine[SysctlNames.Buckets]);
        time.Advance(TimeSpan.FromSeconds(31));
        engine.Enforce();
        Assert.Equal(1048576, machine[SysctlNames.Buckets]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"bootId\":\"boot-1\",\"entries\":-5,\"uptimeMilliseconds\":99999999999999}")]
    public void A_history_that_can_not_be_read_stops_nothing(string content)
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        File.WriteAllText(Path.Combine(machine.State, "resize.json"), content);
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        Assert.Equal(524288, machine[SysctlNames.Buckets]);
    }

    [Fact]
    public void Of_a_table_without_entries_it_is_the_buckets_that_take_time()
    {
        Assert.InRange(RehashCost.Of(0, 50_000_000), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(500));
        Assert.InRange(RehashCost.Of(0, 262_144), TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public void After_one_that_was_refused_the_one_before_it_is_the_last()
    {
        using var machine = new Machine();
        using var state = StateDirectory.Open(machine.State);
        var history = new ResizeHistory(state, "boot-1", machine.Proc, machine.Time);
        history.Begin(1_000_000, 0, machine.Time.GetTimestamp());
        machine.Time.Advance(TimeSpan.FromMinutes(1));
        history.Begin(2_000_000, 0, machine.Time.GetTimestamp());
        history.Undo();
        Assert.Equal(RehashCost.Of(1_000_000, 0), history.LastCost);
        Assert.Equal(TimeSpan.FromMinutes(1), history.SinceLast(machine.Time.GetTimestamp()));
    }

    [Fact]
    public void A_directory_that_is_deleted_meanwhile_is_made_and_locked_again()
    {
        using var machine = new Machine();
        using var state = StateDirectory.Open(machine.State);
        var history = new ResizeHistory(state, "boot-1", machine.Proc, machine.Time);
        Directory.Delete(machine.State, recursive: true);
        history.Begin(1_000_000, 0, machine.Time.GetTimestamp());
        Assert.True(File.Exists(Path.Combine(machine.State, "lock")));
        Assert.Equal(RehashCost.Of(1_000_000, 0), new ResizeHistory(state, "boot-1", machine.Proc, machine.Time).LastCost);
    }

    [Fact]
    public void A_resize_that_was_refused_makes_none_wait()
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 1000000;
        machine.Link(SysctlNames.Buckets, "/proc/sys/kernel/ngroups_max");
        machine.Apply(Set(SysctlNames.Buckets, 524288));
        Assert.Equal(SettingState.ReadOnly, machine.Status(SysctlNames.Buckets).State);
        Assert.False(File.Exists(Path.Combine(machine.State, "resize.json")));
    }

    /// <summary>Whatever is asked for, and whenever: what is not free holds the locks a hundredth of the time at most.</summary>
    [Fact]
    public void The_share_of_time_for_which_the_locks_are_held_is_bounded() =>
        Gen.Select(Gen.Long[0, 20_000_000], Gen.Int[0, 100_000]).Array[1, 60].Sample(asked =>
        {
            var options = new EnforcerOptions();
            var (now, held, first) = (TimeSpan.Zero, TimeSpan.Zero, (TimeSpan?)null);
            (TimeSpan At, TimeSpan Cost)? last = null;
            foreach (var (entries, milliseconds) in asked)
            {
                now += TimeSpan.FromMilliseconds(milliseconds);
                var cost = RehashCost.Of(entries, 262144);
                if (HoldRules.Resize(last is { } l ? now - l.At : null, last?.Cost ?? default, cost, options) is null)
                {
                    last = (now, cost);
                    first ??= cost;
                    held += cost > options.FreeRehash ? cost : TimeSpan.Zero;
                }
            }

            // The first of all waits for nothing.
            Assert.True(held - first!.Value <= now / 100, $"{held} of {now}");
        });

    private static void Uptime(Machine machine, string text) => File.WriteAllText(Path.Combine(machine.Proc, "uptime"), text + "\n");
}
