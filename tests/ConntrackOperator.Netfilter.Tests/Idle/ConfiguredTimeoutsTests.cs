using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Tests.Idle;

public sealed class ConfiguredTimeoutsTests
{
    private readonly ConfiguredTimeouts _table = ConfiguredTimeouts.Read(
        new SysctlDirectory(TestTree.Path("linux-6.18", "proc/sys/net/netfilter")), TimeProvider.System);

    [Theory]
    [InlineData("tcp", "ESTABLISHED", false, 432000)]
    [InlineData("tcp", "ESTABLISHED", true, 300)]
    [InlineData("tcp", "time_wait", false, 120)]
    [InlineData("tcp", "SYN_SENT", true, 120)]
    [InlineData("tcp", "SYN_RECV", false, 60)]
    [InlineData("tcp", "LAST_ACK", false, 30)]
    [InlineData("tcp", "CLOSE", false, 10)]
    [InlineData("tcp", "SYN_SENT2", false, 120)]
    [InlineData("udp", "UNREPLIED", true, 30)]
    [InlineData("udp", "REPLIED", false, 30)]
    [InlineData("udp", "STREAM", false, 120)]
    [InlineData("udplite", "STREAM", false, 120)]
    [InlineData("gre", "UNREPLIED", true, 30)]
    [InlineData("gre", "STREAM", false, 180)]
    [InlineData("icmp", "", false, 30)]
    [InlineData("icmpv6", "", true, 30)]
    [InlineData("sctp", "SHUTDOWN_ACK_SENT", false, 3)]
    [InlineData("89", "", false, 600)]
    public void Each_kind_of_entry_has_its_timeout(string protocol, string state, bool unreplied, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), _table.For(protocol, state, unreplied));

    [Theory]
    [InlineData("tcp", "NONE")]
    [InlineData("tcp", "SLEEPING")]
    [InlineData("dccp", "OPEN")]
    [InlineData("carp", "")]
    public void What_the_kernel_has_no_setting_for_is_not_known(string protocol, string state) => Assert.Null(_table.For(protocol, state));
}
