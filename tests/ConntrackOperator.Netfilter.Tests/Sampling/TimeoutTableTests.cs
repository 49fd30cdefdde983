using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

public sealed class TimeoutTableTests
{
    private readonly TimeoutTable _table = TimeoutTable.Read(new SysctlDirectory(TestTree.Path("linux-6.18", "proc/sys/net/netfilter")));

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

    [Fact]
    public void Idle_is_the_timeout_less_the_seconds_left()
    {
        var clock = new IdleClock(_table);
        Assert.True(clock.TryIdle(Tcp(1000, FlowStatus.SeenReply | FlowStatus.Assured), out var idle));
        Assert.Equal(431_000u, idle);
        Assert.True(clock.TryIdle(Tcp(432_000, FlowStatus.SeenReply), out idle));
        Assert.Equal(0u, idle);
    }

    [Fact]
    public void Idle_is_not_told_where_it_cant_be()
    {
        var clock = new IdleClock(_table);
        Assert.False(clock.TryIdle(Tcp(432_001, FlowStatus.SeenReply), out _));
        Assert.False(clock.TryIdle(Tcp(1000, FlowStatus.SeenReply | FlowStatus.FixedTimeout), out _));
        var offloaded = Tcp(0, FlowStatus.SeenReply | FlowStatus.Offload);
        offloaded.Fields &= ~FlowFields.Timeout;
        Assert.False(clock.TryIdle(offloaded, out _));
        Assert.False(new IdleClock(new TimeoutTable(new Dictionary<string, long>())).TryIdle(Tcp(1, FlowStatus.SeenReply), out _));
    }

    private static Flow Tcp(uint left, FlowStatus status)
    {
        Flow flow = default;
        flow.OriginalTuple.ProtocolNumber = 6;
        flow.State = 3;
        flow.Status = status;
        flow.TimeoutSeconds = left;
        flow.Fields = FlowFields.Timeout | FlowFields.State | FlowFields.Status;
        return flow;
    }
}
