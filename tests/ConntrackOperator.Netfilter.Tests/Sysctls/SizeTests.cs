using System.IO.Compression;
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
    [InlineData("acct=1 timestamp=0 events=0 nf_nat", "", "NAT is loaded")]
    [InlineData("acct=0 timestamp=0 events=0 xt_connlabel", "", "xt_connlabel is in the kernel")]
    [InlineData("acct=0 timestamp=0 events=0 nf_conntrack_ftp", "", "nf_conntrack_ftp is in the kernel")]
    [InlineData("acct=0 timestamp=0 events=0 nf_conntrack_netlink nft_ct", "", null)]
    public void Entries_have_extensions_unless_none_can_be(string machine, string socket, string? why)
    {
        using var tree = new TestTree.Temporary();
        foreach (var word in machine.Split(' '))
        {
            if (word.Split('=') is [var key, var value])
            {
                tree.File($"keys/nf_conntrack_{key}", value + "\n");
            }
            else
            {
                tree.File($"sys/module/{word}/refcnt", "1\n");
            }
        }

        tree.File(
            "proc/net/netlink",
            "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n" + socket + "\n");
        tree.File("sys/module/nf_conntrack/refcnt", "1\n");
        tree.File("proc/kallsyms", "0000000000000000 T nf_conntrack_alloc\t[nf_conntrack]\n");
        Assert.Equal(why, Extensions(tree).Why());
    }

    /// <summary>A kernel may have modules and NAT in itself, where it has no directory in /sys/module: Talos is one.</summary>
    [Theory]
    [InlineData("T nf_nat_setup_info\n", true, "NAT is built into the kernel")]
    [InlineData("t nf_nat_setup_info\n", true, "NAT is built into the kernel")]
    [InlineData("T nf_nat_setup_info_x\n", true, null)]
    [InlineData("T xnf_nat_setup_info\n", true, null)]
    [InlineData("T nf_nat_setup_info\t[nf_nat]\n", true, null)] // Unloaded since its directory was looked for.
    [InlineData("T printk\n", true, null)]
    [InlineData("T nf_nat_setup_info\n", false, "NAT can't be ruled out")] // No sysfs: modules can't be seen.
    [InlineData("T printk\n", false, "NAT can't be ruled out")]
    public void NAT_is_ruled_out_only_where_modules_and_symbols_are_seen_without_it(string symbols, bool sysfs, string? why)
    {
        using var tree = new TestTree.Temporary();
        if (sysfs)
        {
            tree.File("sys/module/nf_conntrack/refcnt", "1\n");
        }

        tree.File("proc/modules", "e1000 204800 1 - Live 0x0\n");
        Assert.Equal("NAT can't be ruled out", Extensions(tree).Why());

        // A file that shows other symbols, or none, tells nothing.
        tree.File("proc/kallsyms", "0000000000000000 T printk\n");
        Assert.Equal("NAT can't be ruled out", Extensions(tree).Why());

        // At any place of what is read at once.
        for (var before = 65_400; before < 65_580; before++)
        {
            tree.File(
                "proc/kallsyms",
                "0000000000000000 T nf_conntrack_alloc\n" + new string('x', before) + "\n0000000000000000 " + symbols
                    + "0000000000000000 T last\n");
            Assert.Equal(why, Extensions(tree).Why());
        }
    }

    [Fact]
    public void Symbols_are_read_once_and_modules_each_time()
    {
        using var tree = new TestTree.Temporary();
        tree.File("sys/module/nf_conntrack/refcnt", "1\n");
        tree.File("proc/kallsyms", "0000000000000000 T nf_conntrack_alloc\n");
        var extensions = Extensions(tree);
        Assert.Null(extensions.Why());
        File.Delete(tree.Root + "/proc/kallsyms");
        Assert.Null(extensions.Why());
        tree.File("sys/module/nf_nat/refcnt", "1\n");
        Assert.Equal("NAT is loaded", extensions.Why());
    }

    [Fact]
    public void This_kernels_symbols_tell_what_its_configuration_says()
    {
        const string path = "/proc/config.gz";
        Assert.SkipUnless(File.Exists(path), $"There is no {path} on this kernel.");
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        var built = reader.ReadToEnd().Split('\n').Contains("CONFIG_NF_NAT=y");
        Assert.SkipUnless(File.Exists("/proc/kallsyms"), "This kernel has no /proc/kallsyms.");
        Assert.Equal(built, KernelSymbols.IsBuiltIn("/proc", "nf_nat_setup_info"u8));
    }

    private static EntryExtensions Extensions(TestTree.Temporary tree) =>
        new(new SysctlDirectory(tree.Root + "/keys"), tree.Root + "/proc", tree.Root + "/sys");
}
