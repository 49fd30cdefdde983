using ConntrackOperator.Netfilter.Sysctls;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Sysctls;

public sealed class SizeTests
{
    [Theory]
    [InlineData(0, 4096, 0)]
    [InlineData(1, 4096, 512)]
    [InlineData(512, 4096, 512)]
    [InlineData(513, 4096, 1024)]
    [InlineData(1048576, 4096, 1048576)]
    [InlineData(1, 65536, 8192)]
    public void Buckets_fill_whole_pages(long asked, int page, long held) => Assert.Equal(held, Buckets.Round(asked, page));

    [Fact]
    public void Rounded_buckets_are_the_least_multiple_that_is_enough() =>
        Gen.Long[0, 1L << 40].Sample(n =>
        {
            var rounded = Buckets.Round(n, 4096);
            return rounded % 512 == 0 && rounded >= n && rounded - n < 512 && Buckets.Round(rounded, 4096) == rounded;
        });

    [Theory]
    [InlineData("linux-6.18", 256)]
    [InlineData("linux-4.4", 341)]
    [InlineData("absent", null)]
    public void The_slot_size_comes_from_slabinfo(string kernel, int? bytes) =>
        Assert.Equal(bytes, SlabInfo.ReadSlotBytes(TestTree.Path(kernel, "proc")));

    [Theory]
    [InlineData("acct=0 timestamp=0 events=2", "", null)]
    [InlineData("acct=0 timestamp=0 events=0", "0000000000000000 12  7      00000001 0 0 0 2 0 1", null)]
    [InlineData("acct=0 timestamp=0 events=2", "0000000000000000 12  7      00000001 0 0 0 2 0 1", "somebody listens to events")]
    [InlineData("acct=0 timestamp=0 events=2", "0000000000000000 12  7      00000040 0 0 0 2 0 1", null)]
    [InlineData("acct=0 timestamp=0 events=2", "0000000000000000 15  7      00000001 0 0 0 2 0 1", null)]
    [InlineData("acct=0 timestamp=0 events=1", "", "events are on")]
    [InlineData("acct=1 timestamp=0 events=0", "", "accounting is on")]
    [InlineData("acct=0 timestamp=1 events=0", "", "timestamps are on")]
    [InlineData("acct=0 timestamp=0 events=0 nat", "", "NAT is loaded")]
    [InlineData("acct=0 timestamp=0 events=0 builtin", "", "NAT can't be ruled out")]
    public void Entries_have_extensions_unless_none_can_be(string machine, string socket, string? why)
    {
        using var tree = new TestTree.Temporary();
        foreach (var word in machine.Split(' '))
        {
            if (word.Split('=') is [var key, var value])
            {
                tree.File($"keys/nf_conntrack_{key}", value + "\n");
            }
        }

        tree.File(
            "proc/net/netlink",
            "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n" + socket + "\n");
        if (!machine.EndsWith("builtin", StringComparison.Ordinal))
        {
            tree.File("proc/modules", "nf_conntrack 204800 1 - Live 0x0\n");
        }

        if (machine.EndsWith(" nat", StringComparison.Ordinal))
        {
            tree.File("sys/module/nf_nat/refcnt", "1\n");
        }

        Assert.Equal(why, EntryExtensions.Why(new SysctlDirectory(tree.Root + "/keys"), tree.Root + "/proc", tree.Root + "/sys"));
    }
}
