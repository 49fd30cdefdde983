using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

/// <summary>Values that a person has some keys brought to, beside whatever plan there is.</summary>
public sealed class OnceTests
{
    [Fact]
    public void Only_the_keys_that_are_named_are_written_and_told()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine[SysctlNames.UdpTimeout] = 99;
        var told = Assert.Single(machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.TcpTimeoutTimeWait] = 60 }));
        Assert.Equal((SysctlNames.TcpTimeoutTimeWait, 60L, 60L, 120L), (told.Name, told.Desired, told.Actual, told.Original));
        Assert.Equal((60, 99), (machine[SysctlNames.TcpTimeoutTimeWait], machine[SysctlNames.UdpTimeout]));

        // The plan goes on: what drifted is put back, and what was set once is nobody's drift.
        machine.Engine.Enforce();
        Assert.Equal((60, 20), (machine[SysctlNames.TcpTimeoutTimeWait], machine[SysctlNames.UdpTimeout]));
    }

    [Fact]
    public void What_no_plan_knows_stays_when_the_plan_goes_and_goes_back_when_everything_is_restored()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.TcpTimeoutTimeWait] = 60 });
        Assert.Equal(120, machine.KeptOriginal(SysctlNames.TcpTimeoutTimeWait));
        machine.Engine.SetRestorePlan();
        machine.Engine.Enforce();
        Assert.Equal((120, 30), (machine[SysctlNames.TcpTimeoutTimeWait], machine[SysctlNames.UdpTimeout]));
    }

    [Fact]
    public void What_a_person_set_keeps_its_original_through_plans_that_do_not_know_it_and_goes_back_when_everything_is_restored()
    {
        using var machine = new Machine();
        machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.TcpTimeoutTimeWait] = 60 });
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        machine.Apply(Set(SysctlNames.UdpTimeout, 25));
        machine.Apply();
        Assert.Equal((60, 30), (machine[SysctlNames.TcpTimeoutTimeWait], machine[SysctlNames.UdpTimeout]));
        Assert.Equal(120, machine.KeptOriginal(SysctlNames.TcpTimeoutTimeWait));

        // It is nothing that a plan has still to put back, and no policy's that said Keep.
        Assert.True(machine.Engine.AllRestored);
        Assert.Empty(machine.Engine.Kept);
        Assert.Empty(machine.Statuses());

        machine.Engine.SetRestorePlan();
        machine.Engine.Enforce();
        Assert.Equal(120, machine[SysctlNames.TcpTimeoutTimeWait]);
        Assert.True(machine.Engine.AllRestored);
    }

    [Fact]
    public void What_a_person_set_and_a_policy_took_over_goes_as_the_policy_says()
    {
        using var machine = new Machine();
        machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.TcpTimeoutTimeWait] = 60 });
        machine.Apply(Set(SysctlNames.TcpTimeoutTimeWait, 90));
        machine.Apply();
        Assert.Equal(120, machine[SysctlNames.TcpTimeoutTimeWait]);
    }

    [Fact]
    public void What_a_person_set_and_a_policy_only_observes_is_not_said_to_be_that_policys()
    {
        using var machine = new Machine();
        var observed = Set(SysctlNames.TcpTimeoutTimeWait, 90) with { Mode = PolicyMode.Observe };
        machine.Apply(observed);
        machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.TcpTimeoutTimeWait] = 60 });
        machine.Apply(observed, Set(SysctlNames.UdpTimeout, 20));
        machine.Apply();
        Assert.Equal((60, 0), (machine[SysctlNames.TcpTimeoutTimeWait], machine.Engine.Kept.Count));
        Assert.Equal(120, machine.KeptOriginal(SysctlNames.TcpTimeoutTimeWait));
    }

    [Fact]
    public void A_planned_key_keeps_its_policy_its_first_original_and_what_shall_become_of_it()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var told = Assert.Single(machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.UdpTimeout] = 25 }));
        Assert.Equal((25, "edge", 30L), (machine[SysctlNames.UdpTimeout], told.Policy, told.Original));
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Without_a_plan_it_is_kept_as_it_was_set()
    {
        using var machine = new Machine();
        machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.UdpTimeout] = 25 });
        machine.Apply();
        Assert.Equal(25, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_plan_whose_file_is_gone_and_can_not_be_written_again_is_in_force_all_the_same_and_it_is_told()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        File.Delete(machine.PlanFile);
        machine.BreakDisk(machine.PlanFile);
        machine[SysctlNames.UdpTimeout] = 99;
        Assert.ThrowsAny<IOException>(() => machine.Engine.Enforce());
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        machine.MendDisk(machine.PlanFile);
        machine.Engine.Enforce();
        Assert.True(File.Exists(machine.PlanFile));
    }

    [Fact]
    public void What_the_status_tells_of_flushes_is_taken_over_with_the_originals()
    {
        using var machine = new Machine();
        machine.Engine.Adopt(new() { Flushes = [new() { Uid = "a", FinishedAt = machine.Time.GetUtcNow(), Deleted = 4 }] });
        machine.Engine.SetPlan(Of() with
        {
            Spec = new() { Settings = [], Flushes = [new() { Uid = "a", Match = new() { All = true }, Conditions = 1 }] },
        });
        machine.Engine.Flush();
        Assert.Equal(("a", 4L), (machine.Report().Flushes![0].Uid, machine.Report().Flushes![0].Deleted));
    }
}
