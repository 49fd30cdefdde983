using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Gathering;

namespace ConntrackOperator.Cli.Tests.Doctor;

public sealed class WriterGatheringTests
{
    private const string Max = "nf_conntrack_max";

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_max=1048576", Max, 1048576L)]
    [InlineData("net.netfilter.nf_conntrack_max = 1048576", Max, 1048576L)]
    [InlineData("net.nf_conntrack_max=5", Max, 5L)]
    [InlineData("\"net.netfilter.nf_conntrack_max\" = \"262144\"", Max, 262144L)]
    [InlineData("sysctl -w net/netfilter/nf_conntrack_tcp_timeout_established=3600", "nf_conntrack_tcp_timeout_established", 3600L)]
    [InlineData("sysctl -w net.netfilter.nf_conntrack_max=$MAX", Max, null)]
    [InlineData("sysctl -w net.netfilter.nf_conntrack_max=0x20000; exit", Max, 131072L)]
    [InlineData("sysctl -w net.netfilter.nf_conntrack_max=010", Max, 8L)]
    [InlineData("sysctl -w 'net.netfilter.nf_conntrack_max=\"7\"'", Max, 7L)]
    [InlineData("sysctl -w net.netfilter.nf_conntrack_max=5\n# sysctl -w net.netfilter.nf_conntrack_max=6", Max, 5L)]
    [InlineData("sysctl -w net.netfilter.nf_conntrack_max=\n7", Max, null)]
    public void Settings_are_found_in_scripts(string text, string sysctl, long? value)
    {
        Assert.Equal([(sysctl, value)], WriterGathering.Settings(text));
        Assert.Equal([(sysctl, value)], WriterGathering.OfFile("/usr/local/bin/set-sysctls.sh", text));
    }

    [Theory]
    [InlineData("sysctl net.netfilter.nf_conntrack_max")]
    [InlineData("cat /proc/sys/net/netfilter/nf_conntrack_max")]
    [InlineData("#sysctl -w net.netfilter.nf_conntrack_max=5")]
    [InlineData("  # \"net.netfilter.nf_conntrack_max\" = \"262144\"")]
    public void What_only_reads_a_setting_or_is_a_comment_sets_nothing(string text) => Assert.Empty(WriterGathering.Settings(text));

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_max = 131072", 131072L)]
    [InlineData("net.netfilter.nf_conntrack_max = 0x20000", 131072L)]
    [InlineData("net.netfilter.nf_conntrack_max = 010", 8L)]
    [InlineData("-net/netfilter/nf_conntrack_max = 9 # of the gateway", 9L)]
    [InlineData("net.netfilter.nf_conntrack_max = many", null)]
    [InlineData("net.nf_conntrack_max = 5\nnet.netfilter.nf_conntrack_max = 6", 6L)]
    [InlineData("net.netfilter.nf_conntrack_m?x = 7", 7L)]
    [InlineData("net.netfilter.nf_conntrack_max = 8\nnet.netfilter.nf_conntrack_m?x = 7", 8L)]
    public void A_file_of_sysctls_is_read_by_its_grammar(string text, long? value)
    {
        Assert.Equal([(Max, value)], WriterGathering.OfFile("/etc/sysctl.d/99-x.conf", text));
        Assert.Equal([(Max, value)], WriterGathering.OfFile("/etc/sysctl.conf", text));
    }

    [Theory]
    [InlineData("#net.netfilter.nf_conntrack_max = 131072")]
    [InlineData(" ;net.netfilter.nf_conntrack_max = 131072")]
    [InlineData("net.core.somaxconn = 131072")]
    [InlineData("net.netfilter.nf_conntrack_ma? = 5\n-net.netfilter.nf_conntrack_max")]
    public void Comments_other_keys_and_what_is_taken_out_of_a_pattern_set_nothing(string text) =>
        Assert.Empty(WriterGathering.OfFile("/etc/sysctl.d/99-x.conf", text));

    [Fact]
    public void A_pattern_sets_every_key_of_a_policy_that_it_matches() => Assert.Equal(
        ["nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"],
        WriterGathering.OfFile("/run/sysctl.d/x.conf", "net.netfilter.nf_conntrack_udp_* = 5").Select(s => s.Sysctl).Order());

    [Theory]
    [InlineData("include=b, c", "c", 8L)]
    [InlineData("include=c;b", "b", 7L)]
    [InlineData("include=-provider-x, b\n[sysctl]\n#net.netfilter.nf_conntrack_max=9", "b", 7L)]
    [InlineData("include=b\n[sysctl]\nnet.netfilter.nf_conntrack_max=>0x20", "a", 32L)]
    [InlineData("include=b\n[more]\ntype=sysctl\nnet.netfilter.nf_conntrack_max=010", "a", 8L)]
    public void Of_the_Node_Tuning_Operators_profiles_the_one_holds_that_tuned_applies_last(string profile, string source, long? value)
    {
        var profiles = new Dictionary<string, (JsonObject, string, string)>
        {
            ["a"] = ([], "a", "[main]\n" + profile),
            ["b"] = ([], "b", "[sysctl]\nnet.netfilter.nf_conntrack_max=7"),
            ["c"] = ([], "c", "[sysctl]\nnet.netfilter.nf_conntrack_max=8\nvm.swappiness=1"),
        };
        Assert.Equal([(source, Max, value)], TunedGathering.InForce("a", profiles));
    }
}
