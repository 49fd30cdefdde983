using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class DriftTests
{
    [Fact]
    public void What_something_else_overwrote_is_put_back_at_once_and_counted()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine[SysctlNames.UdpTimeout] = 30;

        Assert.True(machine.Engine.Enforce());

        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(1, machine.Status(SysctlNames.UdpTimeout).Rewrites);
        Assert.Equal(30, machine.Status(SysctlNames.UdpTimeout).Original);
        Assert.Equal("False Corrected", machine.Condition("Drifted"));
    }

    [Fact]
    public void Drift_is_no_new_original()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void The_first_write_of_a_plan_is_no_drift()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        machine.Apply(Set(SysctlNames.UdpTimeout, 10));
        Assert.Null(machine.Status(SysctlNames.UdpTimeout).Rewrites);
        Assert.Equal("False NoDrift", machine.Condition("Drifted"));
    }

    [Fact]
    public void Five_rewrites_within_ten_minutes_are_one_too_many()
    {
        using var machine = Contested();
        Directory.CreateDirectory(Path.Combine(machine.Proc, "77"));
        File.WriteAllText(Path.Combine(machine.Proc, "77/comm"), "kube-proxy\n");
        machine[SysctlNames.UdpTimeout] = 98;
        machine.Engine.Enforce();
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();

        Assert.Equal(99, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(SettingState.Contested, machine.Status(SysctlNames.UdpTimeout).State);
        Assert.Equal(5, machine.Status(SysctlNames.UdpTimeout).Rewrites);
        Assert.Equal("False Contested", machine.Condition("Applied"));
        Assert.Equal("True Contested", machine.Condition("Drifted"));
        Assert.Contains("set conntrack.udpTimeout to 0", machine.Status(SysctlNames.UdpTimeout).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Four_rewrites_are_not()
    {
        using var machine = new Machine();
        Fight(machine, 4, TimeSpan.FromSeconds(2));
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Five_rewrites_over_more_than_ten_minutes_are_not()
    {
        using var machine = new Machine();
        Fight(machine, 9, TimeSpan.FromMinutes(2.6));
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_contested_key_is_put_back_every_five_minutes_only()
    {
        using var machine = Contested();
        machine.Time.Advance(TimeSpan.FromMinutes(4.9));
        machine.Engine.Enforce();
        Assert.Equal(99, machine[SysctlNames.UdpTimeout]);

        machine.Time.Advance(TimeSpan.FromMinutes(0.2));
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);

        // The other side is still at it.
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Time.Advance(TimeSpan.FromSeconds(2));
        machine.Engine.Enforce();
        Assert.Equal(99, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(SettingState.Contested, machine.Status(SysctlNames.UdpTimeout).State);
    }

    [Fact]
    public void The_contest_is_over_when_the_value_stayed_for_ten_minutes()
    {
        using var machine = Contested();
        machine.Time.Advance(TimeSpan.FromMinutes(6));
        machine.Engine.Enforce();
        Assert.Equal(SettingState.InSync, machine.Status(SysctlNames.UdpTimeout).State);

        machine.Time.Advance(TimeSpan.FromMinutes(11));
        machine.Engine.Enforce();
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void After_a_contest_that_is_over_each_overwriting_is_put_back_at_once_again()
    {
        using var machine = Contested();
        machine.Time.Advance(TimeSpan.FromMinutes(6));
        machine.Engine.Enforce();
        machine.Time.Advance(TimeSpan.FromMinutes(11));
        machine.Engine.Enforce();
        for (var i = 0; i < 2; i++)
        {
            machine[SysctlNames.UdpTimeout] = 99;
            machine.Time.Advance(TimeSpan.FromSeconds(2));
            machine.Engine.Enforce();
            Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        }
    }

    [Fact]
    public void A_contest_is_noticed_however_long_ago_the_first_overwriting_was()
    {
        using var machine = new Machine();
        Fight(machine, 1, TimeSpan.FromSeconds(2));
        machine.Time.Advance(TimeSpan.FromHours(1));
        Fight(machine, 5, TimeSpan.FromSeconds(2));
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        Assert.Equal(SettingState.Contested, machine.Status(SysctlNames.UdpTimeout).State);
    }

    [Fact]
    public void One_contested_key_does_not_slow_another()
    {
        using var machine = Contested();
        machine[SysctlNames.TcpTimeoutTimeWait] = 1;
        machine.Engine.Enforce();
        Assert.Equal(60, machine[SysctlNames.TcpTimeoutTimeWait]);
    }

    [Fact]
    public void A_contested_key_that_leaves_the_plan_is_put_back_at_once()
    {
        using var machine = Contested();
        machine.Apply(Set(SysctlNames.TcpTimeoutTimeWait, 60));
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.Equal("False NoDrift", machine.Condition("Drifted"));
    }

    [Fact]
    public void A_contest_does_not_read_the_hosts_files_at_every_pass()
    {
        using var machine = Contested();
        var message = machine.Status(SysctlNames.UdpTimeout).Message;
        Directory.CreateDirectory(Path.Combine(machine.Host, "etc"));
        File.WriteAllText(Path.Combine(machine.Host, "etc/sysctl.conf"), "net.netfilter.nf_conntrack_udp_timeout = 99\n");

        Assert.False(machine.Engine.Enforce());
        Assert.Equal(message, machine.Status(SysctlNames.UdpTimeout).Message);
    }

    private static Machine Contested()
    {
        var machine = new Machine();
        Fight(machine, 5, TimeSpan.FromSeconds(2));
        machine[SysctlNames.UdpTimeout] = 99;
        machine.Engine.Enforce();
        return machine;
    }

    private static void Fight(Machine machine, int rounds, TimeSpan pause)
    {
        machine.Apply(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.TcpTimeoutTimeWait, 60));
        for (var i = 0; i < rounds; i++)
        {
            machine[SysctlNames.UdpTimeout] = 99;
            machine.Time.Advance(pause);
            machine.Engine.Enforce();
            Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        }
    }
}
