using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Netfilter.Tests.Host;

/// <summary>What is told of a machine whose /proc and /sys a test made.</summary>
public sealed class HostTreeTests : IDisposable
{
    private readonly TestTree.Temporary _tree = new();

    private string Proc => Path.Combine(_tree.Root, "proc");

    private string Sys => Path.Combine(_tree.Root, "sys");

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Namespaces_are_found_by_their_processes_the_fullest_first()
    {
        Process("thread-self", 1, "agent", null);
        Process("10", 1, "own", 99);
        Process("20", 2, "first", 5, "0::/kubepods/pod2f0c9c2e-5a1b-4c3d-9e8f-0123456789ab/x");
        Process("30", 3, "full", 0x4e16);
        Process("40", 4, "equal", 5);
        Process("50", 5, "sees no table", null);
        Process("x60", 6, "no process", 1000);
        _tree.File("proc/70/comm", "no namespace\n");
        var found = new NamespaceTables(Proc, Path.Combine(_tree.Root, "none")).Read();
        Assert.Equal([(3UL, 19990L), (2UL, 5L), (4UL, 5L)], found.Select(t => (t.Inode, t.Entries)));
        var second = found[1];
        Assert.Equal((20, "first", "2f0c9c2e-5a1b-4c3d-9e8f-0123456789ab", null), (second.Pid, second.Process, second.Pod, second.Name));
        Assert.Equal((3L, 2L), (second.Drops, second.EarlyDrops));
    }

    [Fact]
    public void A_pod_is_told_by_its_own_process_rather_than_by_the_one_that_only_holds_its_namespace()
    {
        Process("20", 2, "pause", 5);
        Process("21", 2, "nginx", 5);
        Process("22", 2, "sidecar", 5);
        Process("30", 3, "pause", 5);
        var found = new NamespaceTables(Proc, Path.Combine(_tree.Root, "none")).Read();
        var pods = found.ToDictionary(t => t.Inode, t => t.Process);
        Assert.NotEqual("pause", pods[2]);
        Assert.Equal("pause", pods[3]);
    }

    [Fact]
    public void Where_there_is_no_proc_nothing_is_found()
    {
        var tables = new NamespaceTables(Proc, Proc);
        Assert.Empty(tables.Read());
        Assert.False(tables.SeesMachine);
        _tree.File("proc/2/comm", "systemd\n");
        Assert.False(tables.SeesMachine);
        _tree.File("proc/2/comm", "kthreadd\n");
        Assert.True(tables.SeesMachine);
    }

    [Theory]
    [InlineData("sys/module/nf_conntrack/refcnt")]
    [InlineData("proc/net/stat/nf_conntrack")]
    [InlineData("proc/net/nf_conntrack")]
    public void Each_sign_of_the_module_is_enough(string sign)
    {
        Assert.False(TrackingModule.IsSeen(Proc, Sys));
        _tree.File(sign, "");
        Assert.True(TrackingModule.IsSeen(Proc, Sys));
    }

    [Fact]
    public void Links_that_are_tunnels_are_told_with_their_kind()
    {
        var plain = LocalLinks.Read(Sys);
        Assert.Contains("127.0.0.1", plain.Addresses);
        Assert.DoesNotContain(plain.Addresses, a => a.Contains('%', StringComparison.Ordinal));
        Assert.Empty(plain.Tunnels);
        foreach (var kind in new[] { "vxlan", "geneve", "wireguard" })
        {
            _tree.File("sys/class/net/lo/uevent", $"INTERFACE=lo\nDEVTYPE={kind}\nIFINDEX=1\n");
            Assert.Equal([$"{kind} lo"], LocalLinks.Read(Sys).Tunnels);
        }

        _tree.File("sys/class/net/lo/uevent", "DEVTYPE=bridge\n");
        Assert.Empty(LocalLinks.Read(Sys).Tunnels);
    }

    [Theory]
    [InlineData("MemFree: 5 kB\nMemTotal:       2048 kB\n", 2048 * 1024)]
    [InlineData("MemTotal: 7\n", 7 * 1024)]
    [InlineData("MemTotal: 9007199254740991 kB", 9007199254740991 * 1024)]
    [InlineData("MemTotal: 9007199254740992 kB", 0)]
    [InlineData("MemTotal: -1 kB", 0)]
    [InlineData("MemTotal: lots", 0)]
    [InlineData("MemFree: 5 kB\n", 0)]
    public void Memory_is_read_in_kibibytes(string meminfo, long bytes)
    {
        _tree.File("proc/meminfo", meminfo);
        Assert.Equal(bytes, HostFacts.Read(Proc, Sys).MemoryBytes);
    }

    [Theory]
    [InlineData("net:[4026531840]", "4026531840")]
    [InlineData("net:[4026531840", "")]
    [InlineData("pid:[4026531840]", "")]
    public void A_namespace_is_read_from_its_link(string target, string inode)
    {
        Directory.CreateDirectory(Path.Combine(Proc, "self/ns"));
        File.CreateSymbolicLink(Path.Combine(Proc, "self/ns/net"), target);
        var facts = HostFacts.Read(Proc, Sys);
        Assert.Equal((inode, false), (facts.NetworkNamespace, facts.IsInitialNetworkNamespace));
        _tree.File("proc/sys/net/core/netdev_max_backlog", "1000\n");
        Assert.True(HostFacts.Read(Proc, Sys).IsInitialNetworkNamespace);
    }

    private void Process(string pid, int inode, string command, int? entries, string cgroup = "0::/")
    {
        Directory.CreateDirectory(Path.Combine(Proc, pid, "ns"));
        File.CreateSymbolicLink(Path.Combine(Proc, pid, "ns/net"), $"net:[{inode}]");
        _tree.File($"proc/{pid}/comm", command + "\n");
        _tree.File($"proc/{pid}/cgroup", cgroup + "\n");
        if (entries is { } count)
        {
            _tree.File(
                $"proc/{pid}/net/stat/nf_conntrack",
                $"entries insert_failed drop early_drop\n{count:x8} 00000000 00000001 00000001\n{count:x8} 00000000 00000002 00000001\n");
        }
    }
}
