using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Observation;

/// <summary>From the kernel's counters to what a node reports.</summary>
public sealed class LossTests : IDisposable
{
    private readonly Machine _machine = new();

    public LossTests()
    {
        _machine[SysctlNames.Count] = 1000;
        _machine.Apply(Set(SysctlNames.UdpTimeout, 20));
    }

    [Fact]
    public void Rates_are_left_out_until_there_are_two_readings()
    {
        Count(drop: 9, failed: 9, invalid: 4);
        Assert.Null(_machine.Report().Rates);
        _machine.Time.Advance(TimeSpan.FromSeconds(2));
        Count(drop: 9, failed: 9, invalid: 34);
        Assert.Equal(
            new RatesStatus
            {
                TableFullDropsPerMinute = 0,
                RacesLostPerMinute = 0,
                OtherDropsPerMinute = 0,
                EarlyDropsPerMinute = 0,
                ChainTooLongPerMinute = 0,
                InvalidPerMinute = 900,
                OverSeconds = 2,
            },
            _machine.Report().Rates);
    }

    [Fact]
    public void Races_raise_no_pressure_and_the_condition_says_what_helps()
    {
        Count(drop: 0, failed: 0);
        _machine.Report();
        _machine.Time.Advance(TimeSpan.FromMinutes(1));
        Count(drop: 678, failed: 678);
        var report = _machine.Report();
        Assert.Equal(
            (0, 678, 0), (report.Rates!.TableFullDropsPerMinute, report.Rates.RacesLostPerMinute, report.Rates.OtherDropsPerMinute));
        var pressure = report.Conditions!.Single(c => c.Type == "Pressure");
        Assert.Equal(("False", "Normal"), (pressure.Status, pressure.Reason));
        Assert.StartsWith(
            "1000 of 262144 entries, 0% full; 678 packets a minute are lost in races at insertion: no size of the table helps",
            pressure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("dropped", pressure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Drops_of_a_full_table_are_critical_until_they_are_a_minute_ago()
    {
        _machine[SysctlNames.Count] = 200000;
        Count(drop: 0, failed: 0);
        _machine.Report();
        _machine.Time.Advance(TimeSpan.FromMinutes(1));
        Count(drop: 12, failed: 2);
        var report = _machine.Report();
        Assert.Equal((10, 2), (report.Rates!.TableFullDropsPerMinute, report.Rates.RacesLostPerMinute));
        Assert.Equal(
            "200000 of 262144 entries, 76% full; 10 packets a minute are dropped for want of a conntrack entry",
            report.Conditions!.Single(c => c.Type == "Pressure").Message);
        Assert.Equal("True Critical", _machine.Condition("Pressure"));
        _machine.Time.Advance(TimeSpan.FromMinutes(1));
        Count(drop: 12, failed: 2);
        Assert.Equal("True Warning", _machine.Condition("Pressure"));
    }

    [Fact]
    public void What_is_dropped_while_there_is_room_is_told_apart_and_raises_no_pressure()
    {
        Count(drop: 0, failed: 0);
        _machine.Report();
        _machine.Time.Advance(TimeSpan.FromMinutes(1));
        Count(drop: 7, failed: 0);
        Assert.Equal((0, 7), (_machine.Report().Rates!.TableFullDropsPerMinute, _machine.Report().Rates!.OtherDropsPerMinute));
        Assert.Equal("False Normal", _machine.Condition("Pressure"));
    }

    public void Dispose() => _machine.Dispose();

    private void Count(uint drop, uint failed, uint invalid = 0)
    {
        var path = Directory.CreateDirectory(Path.Combine(_machine.Proc, "net/stat")).FullName;
        File.WriteAllText(Path.Combine(path, "nf_conntrack"), string.Create(CultureInfo.InvariantCulture,
            $"entries invalid insert_failed drop early_drop\n00000000 {invalid:x8} {failed:x8} {drop:x8} 00000000\n"));
    }
}
