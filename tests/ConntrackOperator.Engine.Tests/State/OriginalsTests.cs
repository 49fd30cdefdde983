using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.State;

public sealed class OriginalsTests
{
    [Fact]
    public void Nothing_is_written_when_what_was_there_can_not_be_kept()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        machine.BreakDisk(machine.OriginalsFile);

        var error = Assert.ThrowsAny<IOException>(() => machine.Apply(Set(SysctlNames.UdpTimeout, 20)));

        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(SettingState.Failed, machine.Status(SysctlNames.UdpTimeout).State);
        Assert.Contains(error.Message, machine.Status(SysctlNames.UdpTimeout).Message, StringComparison.Ordinal);
        Assert.Null(machine.Status(SysctlNames.UdpTimeout).Original);
    }

    [Fact]
    public void An_original_is_what_was_there_before_the_write_and_not_before_the_disk_was_mended()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        machine.BreakDisk(machine.OriginalsFile);
        Assert.ThrowsAny<IOException>(() => machine.Apply(Set(SysctlNames.UdpTimeout, 20)));

        machine[SysctlNames.UdpTimeout] = 45;
        machine.MendDisk(machine.OriginalsFile);
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);

        machine.Apply();
        Assert.Equal(45, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Drift_is_put_back_even_while_the_disk_is_full()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.BreakDisk(machine.OriginalsFile);
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Originals_are_on_the_disk_before_the_kernel_is_written()
    {
        using var machine = new Machine();
        _ = machine.Engine;

        // One watch, one order: the key is a link into the directory where the originals are kept.
        File.WriteAllText(Path.Combine(machine.State, "key"), "30\n");
        machine.Link(SysctlNames.UdpTimeout, Path.Combine(machine.State, "key"));
        var seen = new System.Collections.Concurrent.BlockingCollection<string>();
        using var watcher = new FileSystemWatcher(machine.State) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
        watcher.Renamed += (_, rename) => seen.Add(rename.Name!);
        watcher.Changed += (_, change) => seen.Add(change.Name!);
        watcher.EnableRaisingEvents = true;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));

        var before = new List<string>();
        for (string? name = null; name != "key"; before.Add(name))
        {
            Assert.True(seen.TryTake(out name, TimeSpan.FromSeconds(90)), $"saw only {string.Join(", ", before)}");
        }

        Assert.Contains("originals.json", before);
    }

    [Fact]
    public void Originals_outlive_the_agent()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        machine[SysctlNames.UdpTimeout] = 55;
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(30, machine.Status(SysctlNames.UdpTimeout).Original);
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Originals_of_an_earlier_boot_are_worth_nothing()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        machine.Boot("boot-2");
        machine[SysctlNames.UdpTimeout] = 60;

        Assert.True(machine.Engine.Originals.IsFresh);
        machine.Engine.Enforce();
        Assert.Equal(60, machine.Status(SysctlNames.UdpTimeout).Original);
        machine.Apply();
        Assert.Equal(60, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_lost_directory_is_made_good_from_the_nodes_status()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.TcpTimeoutTimeWait, 60));
        var reported = machine.Report();
        machine.Restart();
        Directory.Delete(machine.State, recursive: true);

        Assert.Equal(2, machine.Engine.Originals.Adopt(reported));
        Assert.False(machine.Engine.Originals.IsFresh);
        machine.Apply();

        Assert.Equal((30, 120), (machine[SysctlNames.UdpTimeout], machine[SysctlNames.TcpTimeoutTimeWait]));
    }

    [Fact]
    public void A_status_of_another_boot_or_another_namespace_is_not_adopted()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var reported = machine.Report();
        machine.Restart();
        Directory.Delete(machine.State, recursive: true);
        machine.Boot("boot-2");
        Assert.Equal(0, machine.Engine.Originals.Adopt(reported));

        machine.Restart();
        Directory.Delete(machine.State, recursive: true);
        machine.Boot("boot-1");
        Assert.Equal(0, machine.Engine.Originals.Adopt(reported with { Node = reported.Node! with { NetworkNamespace = "1" } }));
    }

    [Fact]
    public void What_the_directory_knows_of_this_boot_is_not_overwritten_from_the_status()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var wrong = machine.Report();
        wrong.Settings![0] = wrong.Settings[0] with { Original = 77 };
        machine.Restart();
        Assert.Equal(0, machine.Engine.Originals.Adopt(wrong));
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_file_that_was_left_half_written_beside_is_no_harm()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.WriteAllText(machine.OriginalsFile + ".new", "{\"bootId\":\"boot-1\",\"orig");
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }
}
