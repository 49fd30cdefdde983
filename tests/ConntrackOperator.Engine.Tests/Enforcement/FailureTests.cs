using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class FailureTests
{
    // Nobody writes these, not even root; and these refuse a value out of their range with EINVAL.
    private const string ReadOnlyFile = "/proc/sys/kernel/ngroups_max";
    private const string RangedFile = "/proc/self/oom_score_adj";

    [Fact]
    public void Missing_read_only_and_refused_are_told_apart_and_the_rest_is_applied()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Max, ReadOnlyFile);
        machine.Link(SysctlNames.Accounting, RangedFile);

        machine.Apply(
            Set(SysctlNames.Max, 1048576), Set(SysctlNames.DccpTimeoutOpen, 10), Set(SysctlNames.Accounting, 4000),
            Set(SysctlNames.UdpTimeout, 20));

        Assert.Equal(
            [SettingState.ReadOnly, SettingState.NotSupported, SettingState.Failed, SettingState.InSync],
            machine.Statuses().Select(s => s.State!.Value));
        Assert.Equal([65536, null, 0, 20], machine.Statuses().Select(s => s.Actual));
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.All(machine.Statuses().Take(3), s => Assert.NotNull(s.Message));
        Assert.Equal("False Failed", machine.Condition("Applied"));
    }

    [Fact]
    public void What_was_refused_has_no_original()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Max, ReadOnlyFile);
        machine.Link(SysctlNames.Accounting, RangedFile);
        machine.Apply(Set(SysctlNames.Max, 1048576), Set(SysctlNames.Accounting, 4000));
        Assert.Null(machine.KeptOriginal(SysctlNames.Max));
        Assert.Null(machine.KeptOriginal(SysctlNames.Accounting));
        machine.Apply();
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void A_key_that_can_not_be_put_right_any_more_keeps_its_original()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Max, 1048576));
        machine.Link(SysctlNames.Max, ReadOnlyFile);
        machine.Engine.Enforce();
        Assert.Equal(SettingState.ReadOnly, machine.Status(SysctlNames.Max).State);
        Assert.Equal(262144, machine.KeptOriginal(SysctlNames.Max));

        File.Delete(Path.Combine(machine.Keys, SysctlNames.Max));
        machine[SysctlNames.Max] = 1048576;
        machine.Apply();
        Assert.Equal(262144, machine[SysctlNames.Max]);
    }

    [Fact]
    public void After_a_success_a_failure_is_the_first_again()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Accounting, RangedFile);
        machine.Apply(Set(SysctlNames.Accounting, 4000));
        foreach (var seconds in (double[])[1, 2])
        {
            machine.Time.Advance(TimeSpan.FromSeconds(seconds));
            machine.Engine.Enforce();
        }

        File.Delete(Path.Combine(machine.Keys, SysctlNames.Accounting));
        machine[SysctlNames.Accounting] = 0;
        machine.Time.Advance(TimeSpan.FromSeconds(4));
        machine.Engine.Enforce();
        Assert.Equal(4000, machine[SysctlNames.Accounting]);

        machine.Link(SysctlNames.Accounting, RangedFile);
        machine.Engine.Enforce();
        Assert.Equal(SettingState.Failed, machine.Status(SysctlNames.Accounting).State);
        machine.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Tried(machine));
    }

    [Fact]
    public void A_key_that_this_kernel_has_not_got_is_no_failure()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.DccpTimeoutOpen, 10), Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal("True InSync", machine.Condition("Applied"));
        Assert.Equal(
            "the kernel holds 1 of 2 settings; this kernel has no nf_conntrack_dccp_timeout_open",
            machine.Report().Conditions!.Single(c => c.Type == "Applied").Message);
    }

    [Fact]
    public void A_key_that_appears_later_is_set_then()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.GreTimeout, 10));
        machine[SysctlNames.GreTimeout] = 30;
        machine.Engine.Enforce();
        Assert.Equal(10, machine[SysctlNames.GreTimeout]);
    }

    [Fact]
    public void Failures_are_retried_ever_more_slowly_up_to_five_minutes()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Accounting, RangedFile);
        machine.Apply(Set(SysctlNames.Accounting, 4000));

        foreach (var seconds in (double[])[1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        {
            machine.Time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
            Assert.False(Tried(machine), $"tried before {seconds} s");
            machine.Time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.True(Tried(machine), $"not tried after {seconds} s");
        }
    }

    [Fact]
    public void What_failed_is_set_when_it_can_be()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Max, ReadOnlyFile);
        machine.Apply(Set(SysctlNames.Max, 1048576));
        File.Delete(Path.Combine(machine.Keys, SysctlNames.Max));
        machine[SysctlNames.Max] = 262144;
        machine.Time.Advance(TimeSpan.FromSeconds(1));
        machine.Engine.Enforce();
        Assert.Equal(1048576, machine[SysctlNames.Max]);
        Assert.Equal("True InSync", machine.Condition("Applied"));
        Assert.Equal(262144, machine.KeptOriginal(SysctlNames.Max));
    }

    [Fact]
    public void A_new_value_is_tried_at_once_after_failures()
    {
        using var machine = new Machine();
        machine.Link(SysctlNames.Accounting, RangedFile);
        machine.Apply(Set(SysctlNames.Accounting, 4000));
        File.Delete(Path.Combine(machine.Keys, SysctlNames.Accounting));
        machine[SysctlNames.Accounting] = 0;
        machine.Apply(Set(SysctlNames.Accounting, 1));
        Assert.Equal(1, machine[SysctlNames.Accounting]);
    }

    [Fact]
    public void A_key_that_does_not_hold_a_number_fails_alone()
    {
        using var machine = new Machine();
        File.WriteAllText(Path.Combine(machine.Keys, SysctlNames.Accounting), "yes\n");
        machine.Apply(Set(SysctlNames.Accounting, 1), Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(SettingState.Failed, machine.Status(SysctlNames.Accounting).State);
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    // The two files refuse in different ways: after a swap the state changes as soon as a write is tried, and not before.
    private static bool Tried(Machine machine)
    {
        var before = machine.Status(SysctlNames.Accounting).State;
        machine.Link(SysctlNames.Accounting, before == SettingState.Failed ? ReadOnlyFile : RangedFile);
        machine.Engine.Enforce();
        return machine.Status(SysctlNames.Accounting).State != before;
    }
}
