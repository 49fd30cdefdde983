using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Tests.Kernel;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Engine.Tests.Forecasting;

/// <summary>The figure against a real table that is full. The limit is the machine's, so nobody else may change it meanwhile.</summary>
[Collection(KernelCollection.Name)]
public sealed class KernelHeadroomTests : IDisposable
{
    private const int Limit = 40_000;
    private const int Attempts = 2_000;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(50)]
    public async Task As_many_new_connections_find_room_in_a_really_full_table_as_it_says(int unassuredPercent)
    {
        NetworkNamespace.Require("ip", "nft", "conntrack");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        using var flows = new NewFlows(space);
        using var engine = space.Run(
            () =>
                NodeEngine.OpenReadOnly(
                    new EngineOptions { StatePath = _state.FullName, ScanInterval = TimeSpan.FromTicks(1) }, TimeProvider.System));
        Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(SysctlNames.Max, Limit).Status);
        new MixedEntries(space, unassuredPercent).Add(Limit - 1000);

        // The cliff is behind the last free place, not before it.
        Assert.Equal(0, flows.Send(500));
        Assert.Equal(100, Status(space, engine, scan: false).HeadroomPercent);
        var free = Limit - Status(space, engine, scan: false).Entries!.Value;
        Assert.Equal(0, flows.Send((int)free));

        var table = Status(space, engine, scan: true);
        Assert.Equal(Limit, table.Entries);
        Assert.Equal(table.HeadroomWhenFullPercent, table.HeadroomPercent);
        var refused = flows.Send(Attempts);
        var found = 100.0 * (Attempts - refused) / Attempts;

        // Four standard deviations of a share of the attempts, the point that is rounded off, and what an eviction of two makes free.
        var buckets = new SysctlDirectory().Read(SysctlNames.Buckets).Value!.Value;
        var said = table.HeadroomPercent!.Value;
        var deviation = 100 * Math.Sqrt(Math.Max(said, 1) / 100.0 * (100 - said) / 100.0 / Attempts);
        Assert.InRange(found, said - (4 * deviation) - 1, said + (4 * deviation) + 5);
        Assert.Equal(said, (int)(100 * Headroom.WhenFull(Limit, buckets, Unassured(unassuredPercent))!.Value), 1.5);
    }

    public void Dispose() => _state.Delete(recursive: true);

    // With the thousand connections that filled it up, which nobody answered.
    private static double Unassured(int percent) => (((Limit - 1000) * percent / 100.0) + 1000) / Limit;

    private static TableStatus Status(NetworkNamespace space, NodeEngine engine, bool scan) => space.Run(() =>
    {
        var reading = engine.Observe();
        Assert.True(!scan || engine.Scan(reading));
        return engine.Status(reading, null).Table!;
    });
}
