using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.State;

/// <summary>A file of originals that is gone is a loss, not nothing to put back.</summary>
public sealed class OriginalsLossTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_was_there_in_this_boot_and_is_gone_is_said_and_still_when_there_is_another_one(bool planned)
    {
        using var machine = new Machine();
        if (planned)
        {
            machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        }
        else
        {
            machine.Engine.EnforceOnce(new Dictionary<string, long> { [SysctlNames.UdpTimeout] = 20 });
        }

        machine.Restart();
        File.Delete(machine.OriginalsFile);
        machine[SysctlNames.UdpTimeout] = 45;
        using (var look = NodeEngine.OpenReadOnly(machine.Options, machine.Time))
        {
            Assert.Contains("was lost in this boot", Assert.Single(look.Problems), StringComparison.Ordinal);
        }

        Assert.Equal(
            $"{machine.OriginalsFile} was lost in this boot, so what keys held that it knew of is not known",
            Assert.Single(machine.Engine.Problems));
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        machine.Restart();
        Assert.NotNull(machine.Engine.Originals.Unknown);
        machine.Restart();
        machine.Boot("boot-2");
        Assert.Empty(machine.Engine.Problems);
    }

    [Fact]
    public void While_the_boot_is_not_known_nothing_is_set_and_nothing_that_was_kept_is_lost()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        var kept = File.ReadAllText(machine.OriginalsFile);
        File.Delete(Path.Combine(machine.Proc, "sys/kernel/random/boot_id"));
        Assert.Contains(
            "the id of this boot can't be read", Assert.Throws<IOException>(() => machine.Engine).Message, StringComparison.Ordinal);
        using (var look = NodeEngine.OpenReadOnly(machine.Options, machine.Time))
        {
            Assert.Contains("the id of this boot can't be read", Assert.Single(look.Problems), StringComparison.Ordinal);
            Assert.Equal(look.Problems.Single(), look.Originals.Unknown);
            Assert.Equal(0, look.Adopt(new NodeStatus
            {
                Node = new NodeFactsStatus { BootId = string.Empty, NetworkNamespace = "4026531840" },
                Settings = [new SettingStatus { Name = SysctlNames.IcmpTimeout, Original = 7 }],
            }));
        }

        Assert.Equal((kept, 20), (File.ReadAllText(machine.OriginalsFile), machine[SysctlNames.UdpTimeout]));
        machine.Boot("boot-1");
        Assert.Equal((30L, null), (machine.Engine.Originals.Find(SysctlNames.UdpTimeout), machine.Engine.Originals.Unknown));
    }

    [Fact]
    public void Of_both_files_that_are_deleted_under_a_process_both_are_written_again()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Directory.Delete(machine.State, recursive: true);
        machine.Engine.Enforce();
        machine.Restart();
        File.Delete(machine.OriginalsFile);
        Assert.Contains("was lost in this boot", machine.Engine.Originals.Unknown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_time_out_which_the_kernel_takes_is_an_original_like_any_other()
    {
        using var machine = new Machine();
        machine[SysctlNames.UdpTimeout] = -1;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        Assert.Null(machine.Engine.Originals.Unknown);
        machine.Apply();
        Assert.Equal(-1, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_file_that_names_no_boot_is_not_taken_for_this_ones_nor_for_nothing()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.WriteAllText(
            machine.OriginalsFile,
            File.ReadAllText(machine.OriginalsFile).Replace("\"boot-1\"", "\"\"", StringComparison.Ordinal));
        Assert.Contains("it names no boot", machine.Engine.Originals.Unknown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_an_earlier_boot_that_was_put_in_the_place_of_this_boots_is_a_loss()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var earlier = File.ReadAllText(machine.OriginalsFile);
        machine.Restart();
        machine.Boot("boot-2");
        Assert.Empty(machine.Engine.Problems);
        machine.Apply(Set(SysctlNames.UdpTimeout, 25));
        machine.Restart();
        File.WriteAllText(machine.OriginalsFile, earlier);
        Assert.Contains("was lost in this boot", Assert.Single(machine.Engine.Problems), StringComparison.Ordinal);
        Assert.Null(machine.Engine.Originals.Find(SysctlNames.UdpTimeout));
        machine.Restart();
        Assert.NotNull(machine.Engine.Originals.Unknown);
    }

    [Fact]
    public void Where_an_earlier_boots_file_was_put_in_the_place_nothing_is_recorded_before_the_status_is_there()
    {
        using var machine = new Machine { StatusWillCome = true };
        var reported = machine.ApplyReportAndEnd(Set(SysctlNames.UdpTimeout, 20));
        var file = File.ReadAllText(machine.OriginalsFile);
        Assert.Contains("boot-1", file, StringComparison.Ordinal);
        File.WriteAllText(machine.OriginalsFile, file.Replace("boot-1", "boot-0", StringComparison.Ordinal));
        machine.Engine.Enforce();
        Assert.True(machine.Engine.Originals.AwaitsStatus);
        machine.Engine.Adopt(reported);
        Assert.Equal((null, 30L), (machine.Engine.Originals.Unknown, machine.Engine.Originals.Find(SysctlNames.UdpTimeout)));
    }

    [Fact]
    public void A_file_beside_which_nothing_says_that_it_is_there_gets_what_says_so_though_nothing_else_is_to_be_written()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.Delete(Path.Combine(Path.GetDirectoryName(machine.OriginalsFile)!, "owner.json"));
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.Delete(machine.OriginalsFile);
        Assert.NotNull(machine.Engine.Originals.Unknown);
    }

    [Fact]
    public void A_plan_that_was_kept_and_never_came_to_a_first_write_is_no_loss()
    {
        using var machine = new Machine();
        machine.Engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20)));
        machine.Restart();
        Assert.Empty(machine.Engine.Problems);
    }

    [Fact]
    public void An_earlier_boots_file_that_is_gone_is_no_loss()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.Delete(machine.OriginalsFile);
        machine.Boot("boot-2");
        Assert.Empty(machine.Engine.Problems);
    }

    [Fact]
    public void The_status_of_this_boot_makes_the_loss_good_and_none_does_not()
    {
        using var machine = new Machine { StatusWillCome = true };
        var reported = machine.ApplyReportAndEnd(Set(SysctlNames.UdpTimeout, 20));
        File.Delete(machine.OriginalsFile);
        Assert.NotNull(machine.Engine.Originals.Unknown);
        machine.Engine.Adopt(null);
        Assert.NotNull(machine.Engine.Originals.Unknown);
        machine.Restart();
        machine.Engine.Adopt(reported);
        Assert.Null(machine.Engine.Originals.Unknown);
        machine.Engine.Enforce();
        machine.Restart();
        Assert.Null(machine.Engine.Originals.Unknown);
        Assert.Equal(30, machine.Engine.Originals.Find(SysctlNames.UdpTimeout));
    }
}
