using ConntrackOperator.Planning.Settings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Settings;

public class SysctlSuggestionTests
{
    [Theory]
    [InlineData("nf_conntrack_udp_timeoutt", "nf_conntrack_udp_timeout (the field timeouts.udp.unreplied)")]
    [InlineData("nf_conntrack_tcp_timeout_time_wiat", "nf_conntrack_tcp_timeout_time_wait (the field timeouts.tcp.timeWait)")]
    [InlineData("nf_flowtable_tcp_timout", "nf_flowtable_tcp_timeout")]
    [InlineData("nf_conntrack_dccp_timeout_open", null)]
    [InlineData("nf_conntrack_dccp_loose", null)]
    [InlineData("nf_conntrack_of_a_later_kernel", null)]
    public void The_nearest_key_is_named_where_it_is_near_and_the_name_is_no_other_kernels(string name, string? expected) =>
        Assert.Equal(expected, SysctlSuggestion.For(name));
}
