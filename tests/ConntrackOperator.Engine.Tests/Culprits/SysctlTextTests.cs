using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Tests.Culprits;

/// <summary>Which keys of connection tracking one file's text sets, as those of a MachineConfig are asked.</summary>
public sealed class SysctlTextTests
{
    [Theory]
    [InlineData("net.netfilter.nf_conntrack_acct = 1", "nf_conntrack_acct=1")]
    [InlineData("net.netfilter.nf_conntrack_acct = 1\nnet.netfilter.nf_conntrack_acct = 0", "nf_conntrack_acct=0")]
    [InlineData("net.netfilter.nf_conntrack_acct = many", "nf_conntrack_acct=")]
    [InlineData("net.nf_conntrack_max = 65536\nnet.core.somaxconn = 9", "nf_conntrack_max=65536")]
    [InlineData("net.netfilter.nf_conntrack_udp_timeou* = 60", "nf_conntrack_udp_timeout=60")]
    [InlineData("net.netfilter.nf_conntrack_acct = 1\n-net.netfilter.nf_conntrack_acct", "")]
    [InlineData("-net.netfilter.nf_conntrack_acct\nnet.netfilter.nf_conntrack_acct = 1", "nf_conntrack_acct=1")]
    [InlineData("net.netfilter.nf_conntrack_acct = 1\nnet.netfilter.nf_conntrack_acct = many", "nf_conntrack_acct=")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\n-net.netfilter.*", "nf_conntrack_udp_timeout=60")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\n-net.netfilter.nf_conntrack_u*", "")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = long", "nf_conntrack_udp_timeout=60")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = 61", "nf_conntrack_udp_timeout=61")]
    [InlineData("-net.netfilter.nf_conntrack_udp_timeout\nnet.netfilter.nf_conntrack_u* = 60", "")]
    [InlineData(
        "net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = 61\nnet.netfilter.nf_conntrack_u* = 60",
        "nf_conntrack_udp_timeout=61")]
    [InlineData(
        "net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = 61\nnet.netfilter.nf_conntrack_u* = 62",
        "nf_conntrack_udp_timeout=62")]
    [InlineData("net.nf_conntrack_max = 65536\nnet.netfilter.nf_conntrack_max = 131072", "nf_conntrack_max=131072")]
    [InlineData("net.netfilter.nf_conntrack_max = 131072\nnet.nf_conntrack_max = big", "nf_conntrack_max=131072")]
    [InlineData(
        "net.netfilter.nf_conntrack_max = 1\nnet.nf_conntrack_max = 2\nnet.netfilter.nf_conntrack_max = 1", "nf_conntrack_max=2")]
    [InlineData(
        "net.netfilter.nf_conntrack_max = 1\nnet.nf_conntrack_max = 2\nnet.netfilter.nf_conntrack_max = 3", "nf_conntrack_max=3")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = -1", "nf_conntrack_udp_timeout=")]
    [InlineData("net.netfilter.nf_conntrack_u* = 60\nnet.netfilter.nf_conntrack_udp* = 99999999999", "nf_conntrack_udp_timeout=60")]
    [InlineData("net.netfilter.nf_conntrack_acct = 99999999999", "nf_conntrack_acct=")]
    [InlineData("net.netfilter.nf_log_all_netns = 1\nnet.nf_conntrack_acct = 1\nvm.swappiness = 1", "")]
    [InlineData("x.net.netfilter.nf_conntrack_acct = 1\n-net.netfilter.nf_conntrack_acct", "")]
    public void Of_a_text_the_keys_of_connection_tracking_are_told_each_once_with_what_holds(string text, string expected) =>
        Assert.Equal(
            expected,
            string.Join(' ', SysctlText.Settings(text, [SysctlNames.UdpTimeout]).Select(s => $"{s.Name}={s.Value}")));

    [Theory]
    [InlineData("net/nf_conntrack_max", "nf_conntrack_max")]
    [InlineData("net/netfilter/nf_conntrack_max", "nf_conntrack_max")]
    [InlineData("net/netfilter/nf_conntrack_acct", "nf_conntrack_acct")]
    [InlineData("net/nf_conntrack_acct", null)]
    [InlineData("net/core/somaxconn", null)]
    [InlineData("net/netfilter/", null)]
    public void A_path_has_the_name_under_net_netfilter_or_none(string path, string? name) => Assert.Equal(name, SysctlText.Name(path));
}
