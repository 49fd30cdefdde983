using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

public sealed class FullDiskTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Fact]
    public void A_full_disk_stops_only_keys_whose_original_is_not_on_it_yet()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            var disk = TinyDisk.Mount(_state.FullName, 5 * Environment.SystemPageSize);
            using var engine = new NodeEngine(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);
            long? Held(string key) => engine.Sysctls.Read(key).Value;
            var generic = Held(SysctlNames.GenericTimeout);
            var (udp, stream) = (Held(SysctlNames.UdpTimeout), Held(SysctlNames.UdpTimeoutStream));
            engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.UdpTimeoutStream, 90)));
            engine.Enforce();

            disk.Fill();
            engine.Sysctls.Write(SysctlNames.UdpTimeout, 99);
            Assert.ThrowsAny<IOException>(() => engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.GenericTimeout, 77))));
            var error = Assert.ThrowsAny<IOException>(() => engine.Enforce());
            Assert.Contains("No space left", error.Message, StringComparison.Ordinal);

            // Drift is corrected, what left the plan is put back, and only what is new waits.
            Assert.Equal(
                (20, stream, generic),
                (Held(SysctlNames.UdpTimeout), Held(SysctlNames.UdpTimeoutStream), Held(SysctlNames.GenericTimeout)));
            var settings = engine.Status(engine.Observe(), null).Settings!.ToDictionary(s => s.Name!);
            Assert.Equal(SettingState.InSync, settings[SysctlNames.UdpTimeout].State);
            Assert.Equal(
                (SettingState.Failed, null), (settings[SysctlNames.GenericTimeout].State, settings[SysctlNames.GenericTimeout].Original));
            Assert.Contains("No space left", settings[SysctlNames.GenericTimeout].Message, StringComparison.Ordinal);
            using (var look = NodeEngine.OpenReadOnly(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System))
            {
                Assert.Empty(look.Problems);
                Assert.Equal(udp, look.Originals.Find(SysctlNames.UdpTimeout));
            }

            disk.Free();
            engine.Enforce();
            Assert.Equal(77, Held(SysctlNames.GenericTimeout));
            engine.SetPlan(Of());
            engine.Enforce();
            Assert.Equal(
                (udp, stream, generic),
                (Held(SysctlNames.UdpTimeout), Held(SysctlNames.UdpTimeoutStream), Held(SysctlNames.GenericTimeout)));
        });
    }

    [Fact]
    public void A_disk_that_is_only_read_stops_neither_the_correction_of_drift_nor_a_restore()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            var disk = TinyDisk.Mount(_state.FullName, 64 * Environment.SystemPageSize);
            var options = new EngineOptions { StatePath = _state.FullName };
            long? udp, generic;
            using (var before = new NodeEngine(options, TimeProvider.System))
            {
                (udp, generic) = (before.Sysctls.Read(SysctlNames.UdpTimeout).Value, before.Sysctls.Read(SysctlNames.GenericTimeout).Value);
                before.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20)));
                before.Enforce();
            }

            disk.StopWriting();
            using (var engine = new NodeEngine(options, TimeProvider.System))
            {
                Assert.Throws<StateDirectoryBusyException>(() => new NodeEngine(options, TimeProvider.System));
                engine.Sysctls.Write(SysctlNames.UdpTimeout, 99);
                engine.Enforce();
                Assert.Equal(20, engine.Sysctls.Read(SysctlNames.UdpTimeout).Value);

                // What has no original there yet waits.
                var more = Of(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.GenericTimeout, 77));
                Assert.ThrowsAny<IOException>(() => engine.SetPlan(more));
                var error = Assert.ThrowsAny<IOException>(() => engine.Enforce());
                Assert.Contains("Read-only file system", error.Message, StringComparison.Ordinal);
                Assert.Equal(generic, engine.Sysctls.Read(SysctlNames.GenericTimeout).Value);
            }

            using (var engine = new NodeEngine(options, TimeProvider.System))
            {
                engine.Originals.RestoreAll();
                Assert.ThrowsAny<IOException>(() => engine.SetPlan(Of()));
                Assert.ThrowsAny<IOException>(() => engine.Enforce());
                Assert.Equal(udp, engine.Sysctls.Read(SysctlNames.UdpTimeout).Value);
            }
        });
    }

    public void Dispose() => _state.Delete(recursive: true);
}
