using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

/// <summary>What a pass says has changed is what is reported: all that a reader would see, and nothing else.</summary>
public sealed class ReportedChangesTests
{
    [Fact]
    public void A_plan_that_says_the_same_in_new_words_is_nothing_to_report()
    {
        using var machine = new Machine();
        Assert.True(machine.Apply(Set(SysctlNames.UdpTimeout, 20)));
        Assert.False(machine.Apply(Set(SysctlNames.UdpTimeout, 20)));
        Assert.False(machine.Engine.Enforce());
    }

    [Fact]
    public void A_setting_that_another_policy_asks_for_now_is_reported_as_that_ones_and_its_drift_still_counts()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.True(machine.Apply(Set(SysctlNames.UdpTimeout, 20) with { Policy = "core" }));
        Assert.Equal("core", machine.Status(SysctlNames.UdpTimeout).Policy);

        // It was in force before: what differs now was changed by something else.
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal((20, 1L), (machine[SysctlNames.UdpTimeout], machine.Status(SysctlNames.UdpTimeout).Rewrites));
    }

    [Fact]
    public void A_key_that_held_its_value_before_is_its_policys_all_the_same()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 30));
        Assert.Equal(("edge", null), (machine.Status(SysctlNames.UdpTimeout).Policy, machine.Status(SysctlNames.UdpTimeout).Original));
    }

    [Fact]
    public void What_leaves_the_plan_leaves_the_report_and_that_is_told_once()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20, mode: PolicyMode.Observe), Set(SysctlNames.Accounting, 1));
        Assert.True(machine.Apply(Set(SysctlNames.Accounting, 1)));
        Assert.Equal([SysctlNames.Accounting], machine.Statuses().Select(s => s.Name));
        Assert.False(machine.Engine.Enforce());

        // One that is put back goes when it is.
        Assert.True(machine.Apply());
        Assert.Empty(machine.Statuses());
        Assert.False(machine.Engine.Enforce());
    }

    [Fact]
    public void What_is_put_back_is_told_in_the_order_of_names()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.TcpTimeoutTimeWait, 60), Set(SysctlNames.Accounting, 1));
        machine.UnloadModule();
        machine.Apply();
        Assert.Equal(
            [SysctlNames.Accounting, SysctlNames.TcpTimeoutTimeWait, SysctlNames.UdpTimeout], machine.Statuses().Select(s => s.Name));
    }

    [Fact]
    public void A_plan_without_a_list_of_settings_is_an_empty_one()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Engine.SetPlan(new CachedPlan { Node = "node-7", Generation = 2, Spec = new NodeSpec() });
        machine.Engine.Enforce();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void A_key_that_waits_for_the_nodes_status_says_so()
    {
        using var machine = new Machine { StatusWillCome = true };
        machine.Engine.Adopt(null);
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.Delete(machine.OriginalsFile);
        machine[SysctlNames.UdpTimeout] = 45;
        machine.Engine.Enforce();
        var waiting = machine.Status(SysctlNames.UdpTimeout);
        Assert.Equal((SettingState.Pending, 45L), (waiting.State, waiting.Actual));
        Assert.Contains("status", waiting.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_value_of_a_contested_key_is_told()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        for (var i = 0; i < 6; i++)
        {
            machine[SysctlNames.UdpTimeout] = 99;
            machine.Engine.Enforce();
        }

        Assert.Equal(SettingState.Contested, machine.Status(SysctlNames.UdpTimeout).State);
        Assert.False(machine.Engine.Enforce());
        machine[SysctlNames.UdpTimeout] = 98;
        Assert.True(machine.Engine.Enforce());
        Assert.Equal(98, machine.Status(SysctlNames.UdpTimeout).Actual);
    }
}
