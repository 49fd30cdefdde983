using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>Originals are those of one network namespace: its inode is used again at once, its cookie never in one boot.</summary>
public sealed class NamespaceTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Fact]
    public void Another_namespace_under_the_same_inode_is_not_taken_for_the_one_that_was_set()
    {
        NetworkNamespace.Require();
        var first = "";
        using (var network = new NetworkNamespace())
        {
            first = network.Run(() =>
            {
                using var engine = Start();
                Assert.SkipUnless(
                    engine.Facts.NetworkNamespaceCookie.Length > 0, "This kernel gives network namespaces no cookie (before Linux 5.14).");
                engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20)));
                engine.Enforce();
                return engine.Facts.NetworkNamespace;
            });
        }

        // The inode comes back sooner or later; that the file says so is all that matters.
        using var second = new NetworkNamespace();
        second.Run(() =>
        {
            var file = Path.Combine(_state.FullName, "originals.json");
            File.WriteAllText(
                file, File.ReadAllText(file).Replace($"\"{first}\"", $"\"{HostFacts.Read().NetworkNamespace}\"", StringComparison.Ordinal));
            using var engine = Start();
            Assert.True(engine.Originals.IsFresh);
            Assert.Null(engine.Originals.Find(SysctlNames.UdpTimeout));
        });
    }

    [Fact]
    public void A_namespace_is_known_again_by_its_cookie()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            using (var engine = Start())
            {
                engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, 20)));
                engine.Enforce();
            }

            using var again = Start();
            Assert.Equal(30, again.Originals.Find(SysctlNames.UdpTimeout));
        });
    }

    [Fact]
    public void Two_namespaces_with_one_state_directory_each_keep_their_plan_and_get_back_what_was_theirs()
    {
        NetworkNamespace.Require();
        using var first = new NetworkNamespace();
        using var second = new NetworkNamespace();
        var sysctls = new SysctlDirectory();
        second.Run(() => sysctls.Write(SysctlNames.UdpTimeout, 44));
        first.Run(() => Apply(20));
        second.Run(() => Apply(25));
        first.Run(() => Apply(21));

        foreach (var (network, planned, original) in new[] { (first, 21, 30), (second, 25, 44) })
        {
            network.Run(() =>
            {
                using (var look = NodeEngine.OpenReadOnly(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System))
                {
                    Assert.Equal(planned, look.Plan!.Spec!.Settings!.Single().Value);
                    Assert.Equal(original, look.Originals.Find(SysctlNames.UdpTimeout));
                }

                using var engine = Start();
                engine.SetRestorePlan();
                engine.Enforce();
                engine.ForgetPlan();
                Assert.Equal(original, sysctls.Read(SysctlNames.UdpTimeout).Value);
            });
        }

        void Apply(long seconds)
        {
            using var engine = Start();
            engine.SetPlan(Of(Set(SysctlNames.UdpTimeout, seconds)));
            engine.Enforce();
            Assert.Equal(seconds, sysctls.Read(SysctlNames.UdpTimeout).Value);
        }
    }

    [Theory]
    [InlineData("41", false, "41", "7", true)]
    [InlineData("41", false, "42", "7", false)]
    [InlineData("41", true, "42", "7", false)]
    [InlineData("41", true, null, "7", true)]
    [InlineData("41", false, null, "7", false)]
    [InlineData("41", true, null, "8", false)]
    [InlineData("", false, null, "7", true)]
    [InlineData("", false, "42", "7", true)]
    [InlineData("", false, null, "8", false)]
    [InlineData("", false, "42", null, false)]
    public void A_file_that_knows_only_the_inode_is_believed_where_no_other_namespace_can_have_had_it(
        string cookie, bool isInitial, string? filesCookie, string? filesInode, bool believed)
    {
        var host = new HostFacts("6.18", "boot-1", "7", 1, 1, "node-7")
        {
            NetworkNamespaceCookie = cookie,
            IsInitialNetworkNamespace = isInitial,
        };
        var node = new NodeFactsStatus { BootId = "boot-1", NetworkNamespace = filesInode, NetworkNamespaceCookie = filesCookie };
        using (var state = StateDirectory.Open(_state.FullName))
        {
            var file = System.Text.Json.JsonSerializer.Serialize(new
            {
                bootId = "boot-1",
                networkNamespace = filesInode,
                networkNamespaceCookie = filesCookie,
                originals = new Dictionary<string, object> { [SysctlNames.UdpTimeout] = new { value = 30 } },
            });
            File.WriteAllText(Path.Combine(_state.FullName, "originals.json"), file);
            Assert.Equal(believed ? 30 : null, new OriginalsStore(state, host, statusWillCome: false).Find(SysctlNames.UdpTimeout));
            File.Delete(Path.Combine(_state.FullName, "originals.json"));

            // The status is believed by the same rule.
            var status = new NodeStatus { Node = node, Settings = [new SettingStatus { Name = SysctlNames.UdpTimeout, Original = 30 }] };
            Assert.Equal(believed ? 1 : 0, new OriginalsStore(state, host, statusWillCome: true).Adopt(status));
        }
    }

    [Fact]
    public void This_kernels_namespaces_have_cookies_of_their_own_and_the_initial_one_is_told_apart()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        var (here, there) = (HostFacts.Read(), network.Run(() => HostFacts.Read()));
        Assert.SkipUnless(here.NetworkNamespaceCookie.Length > 0, "This kernel gives network namespaces no cookie (before Linux 5.14).");
        Assert.NotEqual(here.NetworkNamespaceCookie, there.NetworkNamespaceCookie);
        Assert.Equal(here.NetworkNamespaceCookie, HostFacts.Read().NetworkNamespaceCookie);
        Assert.False(there.IsInitialNetworkNamespace);
        Assert.Equal("", HostFacts.Read(_state.FullName).NetworkNamespaceCookie);
    }

    public void Dispose() => _state.Delete(recursive: true);

    private NodeEngine Start() => new(new EngineOptions { StatePath = _state.FullName }, TimeProvider.System);
}
