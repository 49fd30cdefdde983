using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.State;

public sealed class StateDirectoryTests
{
    [Fact]
    public void Only_one_engine_sets_a_machine()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        var busy = Assert.Throws<StateDirectoryBusyException>(() => new NodeEngine(machine.Options, machine.Time));
        Assert.Contains(machine.State + "/lock", busy.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_state_directory_is_no_other_machine()
    {
        using var machine = new Machine();
        using var other = new Machine();
        _ = machine.Engine;
        _ = other.Engine;
        var elsewhere = Path.Combine(machine.State, "elsewhere");
        foreach (var keys in (string[])[machine.Options.SysctlPath, machine.Options.SysctlPath + "/"])
        {
            var busy = Assert.Throws<StateDirectoryBusyException>(
                () => new NodeEngine(machine.Options with { StatePath = elsewhere, SysctlPath = keys }, machine.Time));
            Assert.StartsWith("another process (a conntrack-operator agent, or `host watch`) sets this machine", busy.Message);
        }
    }

    [Fact]
    public void A_plan_that_found_no_room_is_on_the_disk_when_there_is_some()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Directory.CreateDirectory(machine.PlanFile + ".new");
        Assert.ThrowsAny<IOException>(() => machine.Apply(Set(SysctlNames.UdpTimeout, 21)));
        Directory.Delete(machine.PlanFile + ".new");
        machine.Engine.Enforce();
        machine.Restart();
        Assert.Equal(21, Assert.Single(machine.Engine.Plan!.Spec!.Settings!).Value);
    }

    [Fact]
    public void The_lock_goes_with_the_engine()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        machine.Restart();
        _ = machine.Engine;
    }

    [Fact]
    public void The_directory_is_for_its_owner_alone()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(machine.State));
    }

    [Fact]
    public void A_directory_that_can_not_be_made_is_not_said_to_be_busy()
    {
        using var machine = new Machine();
        File.WriteAllText(machine.State, "a file");
        Assert.IsNotType<StateDirectoryBusyException>(Assert.ThrowsAny<IOException>(() => new NodeEngine(machine.Options, machine.Time)));
    }

    [Fact]
    public void An_engine_that_could_not_start_lets_the_lock_go()
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.PlanFile);
        Assert.ThrowsAny<IOException>(() => new NodeEngine(machine.Options, machine.Time));
        Directory.Delete(machine.PlanFile);
        _ = machine.Engine;
    }

    [Fact]
    public void The_last_plan_is_in_force_at_the_next_start_and_at_the_next_boot()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        machine.Boot("boot-2");
        machine.LoadModule();

        Assert.Equal("node-7", machine.Engine.Plan!.Node);
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_forgotten_plan_is_not_there_at_the_next_start()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Engine.ForgetPlan();
        Assert.Null(machine.Engine.Plan);
        machine.Restart();
        Assert.Null(machine.Engine.Plan);
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_plan_that_can_not_be_kept_is_in_force_and_kept_as_soon_as_it_can_be()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        machine.BreakDisk(machine.PlanFile);
        var plan = Of(Set(SysctlNames.UdpTimeout, 20));
        Assert.ThrowsAny<IOException>(() => machine.Engine.SetPlan(plan));
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);

        machine.MendDisk(machine.PlanFile);
        machine.Engine.SetPlan(plan);
        machine.Restart();
        Assert.NotNull(machine.Engine.Plan);
    }

    [Fact]
    public void A_corrupt_plan_is_set_aside_and_nothing_is_touched()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Restart();
        File.WriteAllText(machine.PlanFile, "{\"spec\":");
        Assert.Null(machine.Engine.Plan);
        Assert.Contains("plan.json.corrupt", machine.Engine.Problems.Single(), StringComparison.Ordinal);
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(30, machine.Engine.Originals.Find(SysctlNames.UdpTimeout));
    }

    [Fact]
    public void Looking_leaves_a_corrupt_file_where_it_is()
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        File.WriteAllText(machine.PlanFile, "{");
        using var look = NodeEngine.OpenReadOnly(machine.Options, machine.Time);
        Assert.Single(look.Problems);
        Assert.True(File.Exists(machine.PlanFile));
    }
}
