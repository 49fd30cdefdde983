using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

[Collection(KernelCollection.Name)]
public sealed class KernelEngineTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Fact]
    public void In_a_namespace_of_its_own_the_size_is_read_only_and_the_rest_is_applied_and_put_back()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            using var engine = Start();
            var before = Values(engine);
            engine.SetPlan(Of(
                Set(SysctlNames.Max, 8388608),
                Set(SysctlNames.Buckets, 8388608),
                Set(SysctlNames.UdpTimeout, 21),
                Set(SysctlNames.TcpBeLiberal, 7),
                Set(SysctlNames.Fragment6LowThreshold, 8388608),
                Set(SysctlNames.Fragment6HighThreshold, 16777216)));
            engine.Enforce();

            var settings = engine.Status(engine.Observe(), null).Settings!.ToDictionary(s => s.Name!);
            Assert.Equal(SettingState.ReadOnly, settings[SysctlNames.Max].State);
            Assert.Equal(SettingState.ReadOnly, settings[SysctlNames.Buckets].State);
            Assert.Equal(SettingState.Failed, settings[SysctlNames.TcpBeLiberal].State);
            Assert.Equal(SettingState.InSync, settings[SysctlNames.UdpTimeout].State);

            // The kernel refuses a lower threshold above the upper one: in sync at once means that the order was right.
            Assert.Equal(SettingState.InSync, settings[SysctlNames.Fragment6LowThreshold].State);
            Assert.Equal(SettingState.InSync, settings[SysctlNames.Fragment6HighThreshold].State);

            engine.SetPlan(Of());
            engine.Enforce();
            Assert.True(engine.AllRestored);
            Assert.Equal(before, Values(engine));
        });
    }

    [Fact]
    public void A_look_says_which_keys_could_not_be_written_here()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            using var engine = NodeEngine.OpenReadOnly(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);
            var before = Values(engine);
            engine.SetPlan(Of(Set(SysctlNames.Max, 8388608), Set(SysctlNames.UdpTimeout, 21)));
            engine.Enforce();
            Assert.Equal(
                [SettingState.ReadOnly, SettingState.Pending], engine.Status(engine.Observe(), null).Settings!.Select(s => s.State!.Value));
            Assert.Equal(before, Values(engine));
        });
    }

    [Fact]
    public async Task The_machines_own_limit_is_set_and_put_back()
    {
        NetworkNamespace.Require();
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var engine = Start();
        var before = Values(engine);
        var limit = engine.Sysctls.Read(SysctlNames.Max).Value!.Value;
        engine.SetPlan(Of(Set(SysctlNames.Max, limit + 1024)));
        engine.Enforce();
        var held = engine.Sysctls.Read(SysctlNames.Max);
        Assert.SkipWhen(
            engine.Status(engine.Observe(), null).Settings![0].State == SettingState.ReadOnly,
            "This is not the machine's initial network namespace: nf_conntrack_max is read-only.");
        Assert.Equal(limit + 1024, held.Value);

        engine.SetPlan(Of());
        engine.Enforce();
        Assert.True(engine.AllRestored);
        Assert.Equal(before, Values(engine));
        Assert.Equal(limit, engine.Sysctls.Read(SysctlNames.Max).Value);
    }

    [Fact]
    public async Task Deleting_a_policy_on_an_idle_machine_waits_for_no_buckets()
    {
        NetworkNamespace.Require();
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var engine = Start();
        var buckets = engine.Sysctls.Read(SysctlNames.Buckets).Value!.Value;
        Assert.SkipUnless(
            engine.Sysctls.IsWritable(SysctlNames.Buckets),
            "This is not the machine's initial network namespace: nf_conntrack_buckets is read-only.");

        // Tables of tests before this one are still going away.
        for (var i = 0; i < 60 && SlabInfo.ReadObjects() > 15000; i++)
        {
            Shrink();
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }

        Assert.SkipWhen(SlabInfo.ReadObjects() > 15000, "Somebody else's entries would be rehashed too: more than a few thousand.");
        engine.SetPlan(Of(Set(SysctlNames.Buckets, 2 * buckets)));
        engine.Enforce();
        Assert.Equal(2 * buckets, engine.Sysctls.Read(SysctlNames.Buckets).Value);
        engine.SetPlan(Of());
        engine.Enforce();
        Assert.Equal(buckets, engine.Sysctls.Read(SysctlNames.Buckets).Value);
        Assert.True(engine.AllRestored);
    }

    public void Dispose() => _state.Delete(recursive: true);

    /// <summary>The kernel counts free places in slabs that are kept as objects; asked to, it gives the empty slabs back.</summary>
    private static void Shrink()
    {
        const string File = "/sys/kernel/slab/nf_conntrack/shrink";
        if (System.IO.File.Exists(File))
        {
            System.IO.File.WriteAllText(File, "1");
        }
    }

    private NodeEngine Start() => new(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);

    // Without those that are the whole machine's: somebody else may set them meanwhile.
    private static Dictionary<string, long?> Values(NodeEngine engine) =>
        engine.Sysctls.List()
            .Where(name => name is not (SysctlNames.Count or SysctlNames.Max or SysctlNames.Buckets or "nf_conntrack_expect_max"))
            .ToDictionary(name => name, name => engine.Sysctls.Read(name).Value);
}
