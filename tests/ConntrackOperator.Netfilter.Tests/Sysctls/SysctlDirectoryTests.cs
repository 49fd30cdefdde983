using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Tests.Sysctls;

public sealed class SysctlDirectoryTests : IDisposable
{
    private readonly TestTree.Temporary _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("linux-6.18", SysctlNames.Max, 262144)]
    [InlineData("linux-6.18", SysctlNames.TcpTimeoutEstablished, 432000)]
    [InlineData("linux-6.18", SysctlNames.UdpTimeoutStream, 120)]
    [InlineData("linux-4.4", SysctlNames.UdpTimeoutStream, 180)]
    [InlineData("linux-4.4", "nf_conntrack_helper", 1)]
    public void Values_are_read(string kernel, string name, long value) =>
        Assert.Equal(new SysctlResult(SysctlStatus.Ok, value, 0, null), Directory(kernel).Read(name));

    [Theory]
    [InlineData("linux-6.18", "nf_conntrack_helper")]
    [InlineData("linux-6.18", SysctlNames.DccpTimeoutRequest)]
    [InlineData("linux-4.4", "nf_conntrack_tcp_ignore_invalid_rst")]
    public void A_key_that_this_kernel_lacks_is_not_supported(string kernel, string name)
    {
        var read = Directory(kernel).Read(name);
        Assert.Equal(SysctlStatus.NotSupported, read.Status);
        Assert.Equal(2, read.Errno);
        Assert.Equal($"This kernel has no {name}.", read.Message);
        Assert.Equal(SysctlStatus.NotSupported, new SysctlDirectory(_tree.Root).Write(name, 1).Status);
        Assert.False(File.Exists(Path.Combine(_tree.Root, name)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("12 34")]
    [InlineData("12x")]
    public void What_is_not_one_whole_number_is_said_so(string content)
    {
        _tree.File(SysctlNames.Max, content);
        var read = new SysctlDirectory(_tree.Root).Read(SysctlNames.Max);
        Assert.Equal(SysctlStatus.Failed, read.Status);
        Assert.Null(read.Value);
        Assert.Equal("nf_conntrack_max does not hold one whole number.", read.Message);
    }

    [Theory]
    [InlineData("../../kernel/panic")]
    [InlineData("nf_conntrack_max/")]
    [InlineData("")]
    [InlineData(".")]
    public void A_name_that_would_leave_the_directory_is_refused(string name)
    {
        var directory = new SysctlDirectory(_tree.Root);
        Assert.Equal((SysctlStatus.Failed, 22), (directory.Read(name).Status, directory.Read(name).Errno));
        Assert.Equal(SysctlStatus.Failed, directory.Write(name, 1).Status);
    }

    [Fact]
    public void A_shorter_value_replaces_a_longer_one_whole()
    {
        _tree.File(SysctlNames.Max, "1048576\n");
        var directory = new SysctlDirectory(_tree.Root + "/");
        Assert.Equal(new SysctlResult(SysctlStatus.Ok, 512, 0, null), directory.Write(SysctlNames.Max, 512));
        Assert.Equal("512\n", File.ReadAllText(Path.Combine(_tree.Root, SysctlNames.Max)));
    }

    [Fact]
    public void A_kernel_that_holds_another_value_is_a_failure_that_names_both()
    {
        // An ordinary file does not round: to the library it is a kernel that kept 1000 where 1024 were due.
        _tree.File(SysctlNames.Buckets, "512\n");
        var written = new SysctlDirectory(_tree.Root).Write(SysctlNames.Buckets, 1000);
        Assert.Equal(SysctlStatus.Failed, written.Status);
        Assert.Equal(1000, written.Value);
        Assert.Equal("nf_conntrack_buckets was written as 1000 and the kernel holds 1000.", written.Message);
    }

    [Fact]
    public void A_directory_without_the_keys_means_that_the_module_is_not_loaded()
    {
        Assert.False(new SysctlDirectory(_tree.Root + "/absent").ModuleLoaded);
        _tree.File("nf_conntrack_frag6_timeout", "60\n");
        var directory = new SysctlDirectory(_tree.Root);
        Assert.False(directory.ModuleLoaded);
        _tree.File(SysctlNames.Max, "65536\n");
        Assert.True(directory.ModuleLoaded);
    }

    [Fact]
    public void The_list_has_the_tracking_keys_in_ordinal_order_and_nothing_else()
    {
        _tree.File("nf_log_all_netns", "0\n");
        _tree.File("nf_flowtable_tcp_timeout", "30\n");
        _tree.File("nf_conntrack_max", "1\n");
        _tree.File("nf_conntrack_acct", "1\n");
        _tree.File("nf_log/0", "NONE\n");
        Assert.Equal(["nf_conntrack_acct", "nf_conntrack_max", "nf_flowtable_tcp_timeout"], new SysctlDirectory(_tree.Root).List());
        Assert.Empty(new SysctlDirectory(_tree.Root + "/absent").List());
    }

    [Fact]
    public void Reading_a_known_key_again_allocates_nothing()
    {
        var directory = Directory("linux-6.18");
        var total = directory.Read(SysctlNames.Max).Value;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            total += directory.Read(SysctlNames.Max).Value;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1001 * 262144L, total);
    }

    private static SysctlDirectory Directory(string kernel) => new(TestTree.Path(kernel, "proc/sys/net/netfilter"));
}
