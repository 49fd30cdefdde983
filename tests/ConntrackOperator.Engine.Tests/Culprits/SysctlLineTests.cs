using ConntrackOperator.Engine.Culprits;

namespace ConntrackOperator.Engine.Tests.Culprits;

/// <summary>Lines of sysctl.d as systemd-sysctl and sysctl read them (sysctl.d(5), glob(7), proc_get_long).</summary>
public sealed class SysctlLineTests
{
    private const string Key = "net/netfilter/nf_conntrack_max";

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_max = 5", true)]
    [InlineData("net/netfilter/nf_conntrack_max=5", true)]
    [InlineData("-net.netfilter.nf_conntrack_max=5", true)]
    [InlineData("/proc/sys/net/netfilter/nf_conntrack_max=5", true)]
    [InlineData("net.netfilter.nf_conntrack_buckets=5", false)]
    [InlineData("net.netfilter.nf_conntrack_*=5", true)]
    [InlineData("*.netfilter.nf_conntrack_max=5", true)]
    [InlineData("net.*=5", false)]
    [InlineData("*=5", false)]
    [InlineData("net.netfilter.*=5", true)]
    [InlineData("net.netfilter.*_max=5", true)]
    [InlineData("net.netfilter.*_min=5", false)]
    [InlineData("net.netfilter.*conn*max=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma?=5", true)]
    [InlineData("net.netfilter.nf_conntrack_max?=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma[xyz]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[yz]=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma[w-z]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[x-z]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[a-x]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[a-w]=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma[y-z]=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma[a-wx]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[!yz]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[^yz]=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[!x]=5", false)]
    [InlineData("net.netfilter.nf_conntrack_ma[^w-y]=5", false)]
    [InlineData("net.netfilter.[n][f]_conntrack_max=5", true)]
    [InlineData("net.netfilter.nf_conntrack_ma[x=5", false)]
    [InlineData("net.netfilter.nf_conntrack_max*=5", true)]
    public void A_line_is_for_the_key_that_it_names_or_that_its_pattern_matches(string text, bool matches)
    {
        Assert.True(SysctlLine.TryParse(text, out var line));
        Assert.Equal((matches, "5"), (line.Matches(Key), line.Value));
    }

    [Theory]
    [InlineData("5", 5L)]
    [InlineData("0", 0L)]
    [InlineData(" 5 # half of it", 5L)]
    [InlineData("5\t6", 5L)]
    [InlineData("0x10", 16L)]
    [InlineData("0X1f", 31L)]
    [InlineData("0x0", 0L)]
    [InlineData("010", 8L)]
    [InlineData("07", 7L)]
    [InlineData("00", 0L)]
    [InlineData("08", null)]
    [InlineData("0/", null)]
    [InlineData("0777777777777777777777", 9223372036854775807L)]
    [InlineData("01000000000000000000000", null)]
    [InlineData("0xffffffffffffffff", null)]
    [InlineData("five", null)]
    [InlineData("-5", null)]
    [InlineData("", null)]
    public void A_value_is_the_number_that_the_kernel_would_read(string text, long? number) =>
        Assert.Equal(number, SysctlLine.Number(text));

    [Theory]
    [InlineData("# net.netfilter.nf_conntrack_max = 5")]
    [InlineData("; net.netfilter.nf_conntrack_max = 5")]
    [InlineData("net.netfilter.nf_conntrack_max")]
    [InlineData("   ")]
    [InlineData("= 5")]
    public void What_sets_nothing_is_no_line(string text) => Assert.False(SysctlLine.TryParse(text, out _));

    [Fact]
    public void A_key_with_a_minus_and_no_value_is_taken_out()
    {
        Assert.True(SysctlLine.TryParse("-net.netfilter.nf_conntrack_max", out var line));
        Assert.Equal((true, null), (line.Matches(Key), line.Value));
    }
}
