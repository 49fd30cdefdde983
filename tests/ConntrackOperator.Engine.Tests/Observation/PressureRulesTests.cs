using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Observation;

public sealed class PressureRulesTests
{
    [Theory]
    [InlineData(74, PressureLevel.Normal, PressureLevel.Normal)]
    [InlineData(75, PressureLevel.Normal, PressureLevel.Warning)]
    [InlineData(89, PressureLevel.Normal, PressureLevel.Warning)]
    [InlineData(90, PressureLevel.Normal, PressureLevel.Critical)]
    [InlineData(71, PressureLevel.Warning, PressureLevel.Warning)]
    [InlineData(70, PressureLevel.Warning, PressureLevel.Normal)]
    [InlineData(86, PressureLevel.Critical, PressureLevel.Critical)]
    [InlineData(85, PressureLevel.Critical, PressureLevel.Warning)]
    [InlineData(71, PressureLevel.Critical, PressureLevel.Warning)]
    [InlineData(70, PressureLevel.Critical, PressureLevel.Normal)]
    public void A_level_is_left_only_five_points_below_it(int percent, PressureLevel before, PressureLevel expected) =>
        Assert.Equal(expected, PressureRules.Level(percent, 0, null, before));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(8, 4)]
    [InlineData(10, 5)]
    public void A_threshold_of_a_few_percent_is_left_at_half_of_it(int warning, int left)
    {
        var thresholds = new NodePressure { WarningPercent = warning, CriticalPercent = 99 };
        Assert.Equal(PressureLevel.Normal, PressureRules.Level(left, 0, thresholds, PressureLevel.Warning));
        Assert.Equal(PressureLevel.Warning, PressureRules.Level(left + 1, 0, thresholds, PressureLevel.Warning));
    }

    [Fact]
    public void Usage_that_swings_around_a_threshold_does_not_flap()
    {
        var level = PressureLevel.Normal;
        var changes = 0;
        foreach (var percent in (int[])[74, 75, 74, 76, 73, 75, 74, 77, 72, 75])
        {
            var next = PressureRules.Level(percent, 0, null, level);
            changes += next == level ? 0 : 1;
            level = next;
        }

        Assert.Equal(1, changes);
    }

    [Fact]
    public void The_policys_thresholds_are_used()
    {
        var thresholds = new NodePressure { WarningPercent = 50, CriticalPercent = 60 };
        Assert.Equal(PressureLevel.Warning, PressureRules.Level(50, 0, thresholds, PressureLevel.Normal));
        Assert.Equal(PressureLevel.Critical, PressureRules.Level(60, 0, thresholds, PressureLevel.Normal));
    }

    [Fact]
    public void Dropped_packets_are_critical_whatever_the_usage()
    {
        Assert.Equal(PressureLevel.Critical, PressureRules.Level(10, 0.5, null, PressureLevel.Normal));
        Assert.Equal(PressureLevel.Critical, PressureRules.Level(null, 1, null, PressureLevel.Normal));
        Assert.Equal(PressureLevel.Normal, PressureRules.Level(null, 0, null, PressureLevel.Critical));
    }

    [Fact]
    public void Without_a_limit_there_is_no_percent_no_pressure_and_no_memory_when_full()
    {
        using var machine = new Machine();
        machine[SysctlNames.Max] = 0;
        machine[SysctlNames.Count] = 31337;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(
            new TableStatus { Entries = 31337, NoLimit = true, LimitText = "none", Buckets = 262144, HeadroomPercent = 100 },
            machine.Report().Table);
        var pressure = machine.Report().Conditions!.Single(c => c.Type == "Pressure");
        Assert.Equal(("False", "Normal", "31337 entries, no limit"), (pressure.Status, pressure.Reason, pressure.Message));
    }

    [Fact]
    public void The_report_tells_entries_limit_percent_and_memory()
    {
        using var machine = new Machine();
        machine[SysctlNames.Count] = 200000;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        var report = machine.Report();
        Assert.Equal((200000, 262144, 262144, 76), (report.Table!.Entries, report.Table.Limit, report.Table.Buckets, report.Table.Percent));
        Assert.Equal((262144 * 384L) + (262144 * 8), report.Table.MemoryBytes);
        Assert.Equal(("98Mi", "262144", null), (report.Table.Memory, report.Table.LimitText, report.Table.NoLimit));
        Assert.Equal("True Warning", machine.Condition("Pressure"));
        machine[SysctlNames.Count] = 187000;
        Assert.Equal("True Warning", machine.Condition("Pressure"));
        machine[SysctlNames.Count] = 183000;
        Assert.Equal("False Normal", machine.Condition("Pressure"));
    }

    [Fact]
    public void What_can_not_be_read_is_left_out()
    {
        using var machine = new Machine();
        machine.UnloadModule();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(new TableStatus(), machine.Report().Table);
        Assert.Equal("False Normal", machine.Condition("Pressure"));
    }
}
