using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class RestoreTests
{
    [Fact]
    public void What_leaves_the_plan_goes_back_to_what_it_was()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.TcpTimeoutTimeWait, 60));
        machine.Apply(Set(SysctlNames.UdpTimeout, 10));

        Assert.Equal((10, 120), (machine[SysctlNames.UdpTimeout], machine[SysctlNames.TcpTimeoutTimeWait]));
        Assert.Equal([SysctlNames.UdpTimeout], machine.Statuses().Select(s => s.Name));
        Assert.Equal(30, machine.KeptOriginal(SysctlNames.UdpTimeout));
        Assert.Null(machine.KeptOriginal(SysctlNames.TcpTimeoutTimeWait));
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void Keep_leaves_the_value_and_forgets_the_original()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20, RemovalPolicy.Keep));
        machine.Apply();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Null(machine.KeptOriginal(SysctlNames.UdpTimeout));
        Assert.True(machine.Engine.AllRestored);
        Assert.Equal("True NothingPlanned", machine.Condition("Applied"));
    }

    [Fact]
    public void The_restore_plan_puts_back_even_what_was_to_be_kept()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20, RemovalPolicy.Keep), Set(SysctlNames.TcpTimeoutTimeWait, 60));
        machine.Restart();
        machine.Engine.SetRestorePlan();
        machine.Engine.Enforce();
        Assert.Equal((30, 120), (machine[SysctlNames.UdpTimeout], machine[SysctlNames.TcpTimeoutTimeWait]));
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void What_becomes_of_a_setting_is_what_the_last_plan_said()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20, RemovalPolicy.Keep));
        machine.Apply(Set(SysctlNames.UdpTimeout, 20, RemovalPolicy.Restore));
        machine.Restart();
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_restore_that_can_not_be_done_yet_is_done_after_a_restart()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Max, 1048576));
        machine[SysctlNames.Count] = 250000;
        machine.Apply();
        Assert.Equal(1048576, machine[SysctlNames.Max]);
        Assert.Equal("False Held", machine.Condition("Applied"));
        Assert.False(machine.Engine.AllRestored);

        machine.Restart();
        Assert.False(machine.Engine.AllRestored);
        machine[SysctlNames.Count] = 100;
        machine.Engine.Enforce();

        Assert.Equal(262144, machine[SysctlNames.Max]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void A_restore_that_was_refused_is_over_when_it_succeeds_later_whatever_else_is_planned()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Max, 1048576), Set(SysctlNames.UdpTimeout, 20));
        machine.Link(SysctlNames.Max, "/proc/sys/kernel/ngroups_max");
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(262144, machine.KeptOriginal(SysctlNames.Max));

        File.Delete(Path.Combine(machine.Keys, SysctlNames.Max));
        machine[SysctlNames.Max] = 1048576;
        machine.Time.Advance(TimeSpan.FromMinutes(5));
        machine.Engine.Enforce();
        Assert.Equal(262144, machine[SysctlNames.Max]);
        Assert.Null(machine.KeptOriginal(SysctlNames.Max));
        Assert.Equal([SysctlNames.UdpTimeout], machine.Statuses().Select(s => s.Name));
    }

    [Fact]
    public void What_shall_become_of_a_setting_is_kept_as_soon_as_the_disk_takes_it()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.BreakDisk(machine.OriginalsFile);
        Assert.ThrowsAny<IOException>(() => machine.Apply(Set(SysctlNames.UdpTimeout, 20, RemovalPolicy.Keep)));
        machine.MendDisk(machine.OriginalsFile);
        machine.Engine.Enforce();
        machine.Restart();
        machine.Apply();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_limit_that_was_unlimited_is_put_back_to_unlimited()
    {
        using var machine = new Machine();
        machine[SysctlNames.Max] = 0;
        machine.Apply(Set(SysctlNames.Max, 1048576));
        machine[SysctlNames.Count] = 1048000;
        machine.Apply();
        Assert.Equal(0, machine[SysctlNames.Max]);
    }

    [Fact]
    public void A_key_that_is_planned_again_while_it_is_put_back_keeps_its_first_original()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Max, 1048576));
        machine[SysctlNames.Count] = 250000;
        machine.Apply();
        machine.Apply(Set(SysctlNames.Max, 2097152));
        Assert.Equal(2097152, machine[SysctlNames.Max]);
        Assert.Equal(262144, machine.KeptOriginal(SysctlNames.Max));
    }

    [Fact]
    public void A_key_that_this_kernel_has_not_got_any_more_does_not_stand_in_the_way()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        File.Delete(Path.Combine(machine.Keys, SysctlNames.UdpTimeout));
        machine.Apply();
        Assert.True(machine.Engine.AllRestored);
        Assert.Empty(machine.Statuses());
    }

    [Fact]
    public void Originals_wait_while_the_module_is_away()
    {
        using var machine = new Machine();
        machine[SysctlNames.UdpTimeout] = 33;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.UnloadModule();
        machine.Apply();
        Assert.False(machine.Engine.AllRestored);
        machine.LoadModule();
        machine.Engine.Enforce();
        Assert.Equal(33, machine[SysctlNames.UdpTimeout]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void What_is_being_put_back_is_shown_after_the_plan_with_the_policy_it_was_for()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Max, 1048576), Set(SysctlNames.UdpTimeout, 20));
        machine[SysctlNames.Count] = 250000;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));

        var statuses = machine.Statuses();
        Assert.Equal([SysctlNames.UdpTimeout, SysctlNames.Max], statuses.Select(s => s.Name));
        Assert.Equal((null, SettingState.Held, "edge"), (statuses[1].Desired, statuses[1].State, statuses[1].Policy));
    }
}
