using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class ApplyTests
{
    [Fact]
    public void A_plan_is_in_the_kernel_after_one_pass()
    {
        using var machine = new Machine();

        Assert.True(machine.Apply(Set(SysctlNames.Buckets, 524288), Set(SysctlNames.Max, 524288), Set(SysctlNames.UdpTimeout, 20)));

        Assert.Equal((524288, 524288, 20), (machine[SysctlNames.Buckets], machine[SysctlNames.Max], machine[SysctlNames.UdpTimeout]));
        Assert.Equal(
            new SettingStatus
            {
                Name = SysctlNames.UdpTimeout,
                Desired = 20,
                Actual = 20,
                Original = 30,
                Policy = "edge",
                State = SettingState.InSync,
            },
            machine.Status(SysctlNames.UdpTimeout));
        Assert.Equal("True InSync", machine.Condition("Applied"));
    }

    [Fact]
    public void A_pass_with_nothing_to_do_says_so_and_leaves_the_disk_alone()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var before = Directory.GetFiles(machine.State).ToDictionary(f => f, File.GetLastWriteTimeUtc);

        Assert.False(machine.Engine.Enforce());

        Assert.Equal(before, Directory.GetFiles(machine.State).ToDictionary(f => f, File.GetLastWriteTimeUtc));
    }

    [Fact]
    public void Where_there_is_no_limit_that_is_what_is_said_it_would_be_set_from()
    {
        using var machine = new Machine();
        machine[SysctlNames.Max] = 0;
        machine.Apply(Set(SysctlNames.Max, 524288) with { Mode = PolicyMode.Observe });
        Assert.Equal("would be set from no limit to 524288; the policy only observes", machine.Status(SysctlNames.Max).Message);
    }

    [Fact]
    public void Without_a_plan_nothing_is_touched()
    {
        using var machine = new Machine();
        Assert.False(machine.Engine.Enforce());
        Assert.Equal("Unknown NoPlan", machine.Condition("Applied"));
        Assert.False(File.Exists(machine.OriginalsFile));
    }

    [Fact]
    public void A_key_that_holds_the_planned_value_already_has_no_original()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 30));
        Assert.Null(machine.Status(SysctlNames.UdpTimeout).Original);
        Assert.Null(machine.KeptOriginal(SysctlNames.UdpTimeout));
    }

    [Fact]
    public void Observe_says_the_difference_and_writes_nothing()
    {
        using var machine = new Machine();
        machine.Apply(
            Set(SysctlNames.UdpTimeout, 20, mode: PolicyMode.Observe), Set(SysctlNames.TcpTimeoutTimeWait, 120, mode: PolicyMode.Observe));

        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(SettingState.Observed, machine.Status(SysctlNames.UdpTimeout).State);
        Assert.Equal("would be set from 30 to 20; the policy only observes", machine.Status(SysctlNames.UdpTimeout).Message);
        Assert.Null(machine.Status(SysctlNames.TcpTimeoutTimeWait).Message);
        Assert.Equal("True Observed", machine.Condition("Applied"));
        Assert.Empty(machine.Engine.Originals.Names);
    }

    [Fact]
    public void A_setting_that_goes_from_Enforce_to_Observe_keeps_its_original_for_the_end()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Apply(Set(SysctlNames.UdpTimeout, 10, mode: PolicyMode.Observe));
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Settings_are_written_the_moment_the_module_is_loaded()
    {
        using var machine = new Machine();
        machine.UnloadModule();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal("False ModuleNotLoaded", machine.Condition("Applied"));
        Assert.Contains("modprobe nf_conntrack", machine.Status(SysctlNames.UdpTimeout).Message, StringComparison.Ordinal);

        machine.LoadModule();
        Assert.True(machine.Engine.Enforce());

        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal("True InSync", machine.Condition("Applied"));
    }

    [Fact]
    public void What_a_module_that_was_loaded_anew_holds_is_nobodys_drift()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.UnloadModule();
        machine.Engine.Enforce();
        machine.LoadModule();
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Null(machine.Status(SysctlNames.UdpTimeout).Rewrites);
    }

    [Fact]
    public void Buckets_that_are_asked_for_at_least_never_shrink()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Buckets, 65536, atLeast: true));
        Assert.Equal(262144, machine[SysctlNames.Buckets]);
        Assert.Equal(SettingState.InSync, machine.Status(SysctlNames.Buckets).State);
        Assert.Contains("serves as well", machine.Status(SysctlNames.Buckets).Message, StringComparison.Ordinal);

        machine.Apply(Set(SysctlNames.Buckets, 524288, atLeast: true));
        Assert.Equal(524288, machine[SysctlNames.Buckets]);
    }

    [Fact]
    public void Buckets_are_compared_as_the_kernel_rounds_them()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.Buckets, 500001));
        Assert.Equal(Buckets.Round(500001), machine[SysctlNames.Buckets]);
        Assert.Equal(SettingState.InSync, machine.Status(SysctlNames.Buckets).State);
    }

    [Fact]
    public void A_plan_file_that_somebody_edited_into_nonsense_does_no_harm()
    {
        using var machine = new Machine();
        machine.Apply(
            Set(SysctlNames.Buckets, -5), Set(SysctlNames.UdpTimeout, 25), Set(SysctlNames.UdpTimeout, 20), Set("../../etc/passwd", 1),
            new NodeSetting());
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(SettingState.Failed, machine.Status("../../etc/passwd").State);
    }

    [Fact]
    public void An_engine_that_only_looks_says_what_it_would_do_beside_the_one_that_does()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Link(SysctlNames.Accounting, "/proc/sys/kernel/ngroups_max");
        var kept = File.ReadAllText(machine.OriginalsFile);

        using var look = NodeEngine.OpenReadOnly(machine.Options, machine.Time);
        look.SetPlan(Of(Set(SysctlNames.TcpTimeoutTimeWait, 60), Set(SysctlNames.Accounting, 1)));
        look.Enforce();
        var settings = look.Status(look.Observe(), null).Settings!;

        Assert.Equal(
            [SettingState.Pending, SettingState.ReadOnly, SettingState.Pending],
            settings.Select(s => s.State!.Value));
        Assert.Equal(
            ["to be set from 120 to 60", "can't be set here from 65536 to 1", "to be set from 20 to 30"], settings.Select(s => s.Message));
        Assert.Equal((20, 120), (machine[SysctlNames.UdpTimeout], machine[SysctlNames.TcpTimeoutTimeWait]));
        Assert.Equal(kept, File.ReadAllText(machine.OriginalsFile));
        Assert.Equal(20, machine.Engine.Plan!.Spec!.Settings!.Single().Value);
    }

    [Fact]
    public void Looking_makes_no_state_directory()
    {
        using var machine = new Machine();
        using var look = NodeEngine.OpenReadOnly(machine.Options, machine.Time);
        look.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20)));
        look.Enforce();
        look.ForgetPlan();
        Assert.False(Directory.Exists(machine.State));
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Theory]
    [InlineData("sys/module/nf_conntrack/parameters")]
    [InlineData("proc/net/stat/nf_conntrack/x")]
    public void Keys_that_can_not_be_seen_are_not_a_module_that_is_not_loaded(string sign)
    {
        using var machine = new Machine();
        machine.UnloadModule();
        var path = Path.Combine(machine.Proc, "..", sign);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (sign.EndsWith("/x", StringComparison.Ordinal))
        {
            Directory.Delete(Path.GetDirectoryName(path)!);
            File.WriteAllText(Path.GetDirectoryName(path)!, "entries\n");
        }

        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal("False ReadOnly", machine.Condition("Applied"));
        Assert.Contains("not to be seen from here", machine.Status(SysctlNames.UdpTimeout).Message, StringComparison.Ordinal);
        machine.LoadModule();
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }
}
