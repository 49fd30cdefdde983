using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>
/// What the kernel counts as one, made on a real kernel and told apart. The limit is the machine's, so nobody else may change it meanwhile.
/// </summary>
[Collection(KernelCollection.Name)]
public sealed class KernelLossTests : IDisposable
{
    private const int Enough = 20;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Fact]
    public async Task Packets_that_really_lost_a_race_are_races_and_raise_no_pressure()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        var race = new InsertionRace(space);
        using var engine = space.Run(Look);
        var before = space.Run(engine.Observe);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        var lost = race.Lose(Enough, TimeSpan.FromMinutes(2));
        Assert.True(lost >= Enough, $"only {lost} races were lost in two minutes");

        var after = space.Run(engine.Observe);
        Assert.Equal((lost, 0, 0), Lost(before, after));
        Assert.Equal(lost, after.Counters!.Drop - before.Counters!.Drop);
        Assert.Equal(lost, after.Counters.InsertFailed - before.Counters.InsertFailed);

        var status = space.Run(() => engine.Status(after, null));
        Assert.Equal((0, 0), (status.Rates!.TableFullDropsPerMinute, status.Rates.OtherDropsPerMinute));
        Assert.InRange(status.Rates.RacesLostPerMinute!.Value * status.Rates.OverSeconds!.Value / 60.0, lost * 0.6, lost * 1.6);
        var pressure = status.Conditions!.Single(c => c.Type == "Pressure");
        Assert.Equal(("False", "Normal"), (pressure.Status, pressure.Reason));
    }

    [Fact]
    public async Task Packets_that_a_really_full_table_dropped_are_no_races_and_critical()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        using var flows = new NewFlows(space);
        using var engine = space.Run(Look);
        var before = space.Run(engine.Observe);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, 128).Status);
        var refused = flows.Send(1000);
        var after = space.Run(engine.Observe);

        Assert.InRange(refused, 1, 1000);
        Assert.Equal((0, refused, 0), Lost(before, after));
        var status = space.Run(() => engine.Status(after, null));
        Assert.Equal(0, status.Rates!.RacesLostPerMinute);
        Assert.True(status.Rates.TableFullDropsPerMinute > 0);
        var pressure = status.Conditions!.Single(c => c.Type == "Pressure");
        Assert.Equal(("True", "Critical"), (pressure.Status, pressure.Reason));
        Assert.Contains("packets a minute are dropped for want of a conntrack entry", pressure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_limit_lets_everything_in_and_is_not_left_for_one_below_what_is_there()
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        using var flows = new NewFlows(space);
        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, 64).Status);
        Assert.InRange(flows.Send(500), 1, 500);
        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, 0).Status);
        Assert.Equal(0, flows.Send(5000));

        space.Run(() =>
        {
            using var engine = new NodeEngine(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);
            var entries = engine.Sysctls.Read(SysctlNames.Count).Value!.Value;
            Assert.InRange(entries, 5000, 20_000);
            engine.SetPlan(Of(Set(SysctlNames.Max, entries)));
            engine.Enforce();
            var status = engine.Status(engine.Observe(), null);
            Assert.Equal(
                (null, true, "none", null, null),
                (status.Table!.Limit, status.Table.NoLimit, status.Table.LimitText, status.Table.Percent, status.Table.MemoryBytes));
            var setting = status.Settings!.Single();
            Assert.Equal((SettingState.Held, 0), (setting.State, setting.Actual));
            Assert.Contains("it is lowered from no limit once there are fewer than", setting.Message, StringComparison.Ordinal);
            Assert.Equal("False Normal", status.Conditions!.Single(c => c.Type == "Pressure") is var p ? $"{p.Status} {p.Reason}" : "");
        });
    }

    public void Dispose() => _state.Delete(recursive: true);

    private static (long Races, long Full, long Other) Lost(in TableReading before, in TableReading after) => (
        after.Counters!.RacesLost - before.Counters!.RacesLost,
        after.Counters.TableFullDrops - before.Counters.TableFullDrops,
        after.Counters.OtherDrops - before.Counters.OtherDrops);

    private NodeEngine Look() => NodeEngine.OpenReadOnly(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);
}
