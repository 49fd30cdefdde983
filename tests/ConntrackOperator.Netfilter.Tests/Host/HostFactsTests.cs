using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Host;

public sealed class HostFactsTests
{
    [Fact]
    public void Facts_come_from_the_tree() =>
        Assert.Equal(
            new HostFacts("6.18.44", "0b0f6b0e-5a3c-4d5f-9f0d-1f1e4f0a7c11", "", 8, 24598016L * 1024, "node-7"),
            HostFacts.Read(TestTree.Path("linux-6.18", "proc"), TestTree.Path("linux-6.18", "sys")));

    [Fact]
    public void Cores_fall_back_to_cpuinfo_and_the_rest_to_unknown() =>
        Assert.Equal(
            new HostFacts("", "", "", 2, 0, ""),
            HostFacts.Read(TestTree.Path("linux-4.4", "proc"), TestTree.Path("linux-4.4", "sys")));

    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-3", 4)]
    [InlineData("0-3,8,10-11", 7)]
    [InlineData("0-3,8,10-11\n", 7)]
    [InlineData("", 0)]
    [InlineData("3-0", 0)]
    [InlineData("0-x", 0)]
    [InlineData("0-2147483647,0-2147483647", 0)]
    public void Lists_of_cpus_are_counted(string list, int count) => Assert.Equal(count, CpuList.Count(list));

    [Fact]
    public void This_machine_is_known_whole()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux.");
        var facts = HostFacts.Read();
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), facts.Kernel);
        Assert.True(Guid.TryParse(facts.BootId, out _));
        Assert.InRange(facts.Cores, Environment.ProcessorCount, 4096);
        Assert.True(facts.MemoryBytes > 64 << 20);
        Assert.NotEqual("", facts.NetworkNamespace);
    }

    [Fact]
    public void The_namespace_is_the_threads_own()
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var inside = space.Run(() => HostFacts.Read().NetworkNamespace);
        Assert.NotEqual(HostFacts.Read().NetworkNamespace, inside);
        Assert.Equal($"net:[{inside}]", space.Execute("readlink", "/proc/self/ns/net").Trim());
    }
}
