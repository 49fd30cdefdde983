using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class CulpritFinderTests
{
    [Theory]
    [InlineData("host-with-sysctl-files", SysctlNames.Max, 131072, "/etc/sysctl.conf sets it: take the line out there")]
    [InlineData("host-with-sysctl-files", SysctlNames.TcpTimeoutEstablished, 600, "/etc/sysctl.d/10-network.conf sets it: take the line out there")]
    [InlineData("host-with-sysctl-files", SysctlNames.TcpTimeoutCloseWait, 30, "/etc/sysctl.d/20-slashes.conf sets it: take the line out there")]
    [InlineData("host-with-sysctl-files", SysctlNames.Buckets, 98304, "/usr/lib/sysctl.d/50-vendor.conf sets it: take the line out there")]
    // A commented line, a longer key and a line with another value are not to blame.
    [InlineData("host-with-sysctl-files", SysctlNames.UdpTimeout, 10, "kube-proxy sets it when it starts: set conntrack.udpTimeout to 0 in its configuration")]
    [InlineData("host-with-sysctl-files", SysctlNames.UdpTimeoutStream, 60, "kube-proxy sets it when it starts: set conntrack.udpStreamTimeout to 0 in its configuration")]
    [InlineData("host-with-sysctl-files", SysctlNames.Max, 999, "kube-proxy sets it when it starts: set conntrack.maxPerCore to 0 in its configuration")]
    [InlineData("host-with-sysctl-files", SysctlNames.Accounting, 1, "look for a tuned profile, a start-up script or another DaemonSet that writes it")]
    [InlineData("host-without-any", SysctlNames.TcpTimeoutEstablished, 600, "kube-proxy sets it when it starts: set conntrack.tcpEstablishedTimeout to 0 in its configuration")]
    public void The_likely_culprit_is_named_with_what_to_change_there(string tree, string name, long found, string expected) =>
        Assert.Equal(expected, new CulpritFinder(Path.Combine(AppContext.BaseDirectory, "TestData", tree)).Describe(name, found));

    [Fact]
    public void An_unknown_value_blames_any_line_that_sets_the_key() => Assert.StartsWith(
        "/etc/sysctl.conf", new CulpritFinder(Path.Combine(AppContext.BaseDirectory, "TestData", "host-with-sysctl-files")).Describe(SysctlNames.Max, null), StringComparison.Ordinal);
}
