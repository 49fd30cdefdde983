using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Sysctls;

[Collection(MachineCollection.Name)]
public sealed class KernelSysctlTests
{
    private readonly SysctlDirectory _directory = new();

    [Fact]
    public void A_timeout_is_written_and_read_back_in_a_namespace_and_the_host_keeps_its_own()
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var host = _directory.Read(SysctlNames.TcpTimeoutEstablished).Value;
        Assert.Equal(
            new SysctlResult(SysctlStatus.Ok, 4321, 0, null), space.Run(() => _directory.Write(SysctlNames.TcpTimeoutEstablished, 4321)));
        Assert.Equal(4321, space.Run(() => _directory.Read(SysctlNames.TcpTimeoutEstablished)).Value);
        Assert.Equal(host, _directory.Read(SysctlNames.TcpTimeoutEstablished).Value);
    }

    [Theory]
    [InlineData(SysctlNames.Max)]
    [InlineData(SysctlNames.Buckets)]
    [InlineData("nf_conntrack_expect_max")]
    [InlineData(SysctlNames.Count)]
    public void The_machines_own_values_are_read_only_in_a_child_namespace(string name)
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var held = space.Run(() => _directory.Read(name)).Value;
        var result = space.Run(() => _directory.Write(name, 1024));
        Assert.Equal(SysctlStatus.ReadOnly, result.Status);
        Assert.Equal(13, result.Errno);
        Assert.Equal(held, result.Value);
        Assert.Contains("read-only outside the host's initial network namespace", result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SysctlNames.Accounting, 2)]
    [InlineData("nf_conntrack_tcp_max_retrans", 256)]
    [InlineData("nf_conntrack_log_invalid", -1)]
    public void A_value_out_of_range_fails_with_the_kernels_errno_and_changes_nothing(string name, long value)
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var held = space.Run(() => _directory.Read(name)).Value;
        var result = space.Run(() => _directory.Write(name, value));
        Assert.Equal(SysctlStatus.Failed, result.Status);
        Assert.Equal(22, result.Errno);
        Assert.Equal(held, result.Value);
        Assert.Contains("(EINVAL)", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HZ", result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SysctlNames.TcpTimeoutEstablished)]
    [InlineData("nf_conntrack_frag6_timeout")]
    public void A_timeout_that_is_too_long_for_the_kernel_says_how_long_one_may_be(string name)
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var held = space.Run(() => _directory.Read(name)).Value;
        var result = space.Run(() => _directory.Write(name, int.MaxValue));
        Assert.Equal((SysctlStatus.Failed, 22, held), (result.Status, result.Errno, result.Value));
        Assert.EndsWith(
            "This kernel takes less: at most 2147483 seconds with HZ 1000, 8589934 with 250, 21474836 with 100.", result.Message,
            StringComparison.Ordinal);
        Assert.Equal(SysctlStatus.Ok, space.Run(() => _directory.Write(name, 2147483)).Status);
    }

    [Fact]
    public void What_can_be_written_is_asked_of_the_kernel_and_nothing_changes()
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        var held = space.Run(() => _directory.Read(SysctlNames.TcpTimeoutEstablished)).Value;
        Assert.True(space.Run(() => _directory.IsWritable(SysctlNames.TcpTimeoutEstablished)));
        Assert.False(space.Run(() => _directory.IsWritable(SysctlNames.Max)));
        Assert.False(space.Run(() => _directory.IsWritable("nf_conntrack_nothing")));
        Assert.False(space.Run(() => _directory.IsWritable("../core/somaxconn")));
        Assert.Equal(held, space.Run(() => _directory.Read(SysctlNames.TcpTimeoutEstablished)).Value);
    }

    [Fact]
    public void Every_key_of_a_namespace_can_be_read()
    {
        NetworkNamespace.Require();
        using var space = new NetworkNamespace();
        space.Run(() =>
        {
            Assert.True(_directory.ModuleLoaded);
            var names = _directory.List();
            Assert.Contains(SysctlNames.Max, names);
            Assert.All(names, name => Assert.Equal(SysctlStatus.Ok, _directory.Read(name).Status));
        });
    }

    [Fact]
    public async Task Buckets_are_rounded_by_the_kernel_as_here()
    {
        NetworkNamespace.Require();
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        var held = _directory.Read(SysctlNames.Buckets).Value!.Value;
        Assert.Equal(
            new SysctlResult(SysctlStatus.Ok, Buckets.Round(held + 100), 0, null), _directory.Write(SysctlNames.Buckets, held + 100));
    }

    [Fact]
    public async Task The_machines_max_is_written_in_the_initial_namespace()
    {
        NetworkNamespace.Require();
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        var held = _directory.Read(SysctlNames.Max).Value!.Value;
        Assert.Equal(new SysctlResult(SysctlStatus.Ok, held + 12345, 0, null), _directory.Write(SysctlNames.Max, held + 12345));
        using var space = new NetworkNamespace();
        Assert.Equal(held + 12345, space.Run(() => _directory.Read(SysctlNames.Max)).Value);
    }

    [Fact]
    public void The_slot_size_of_this_kernel_is_plausible()
    {
        NetworkNamespace.Require();
        var slot = SlabInfo.ReadSlotBytes();
        Assert.SkipUnless(slot is not null, "This kernel shows no slab cache nf_conntrack.");
        Assert.InRange(slot.Value, 192, 512);
    }
}
